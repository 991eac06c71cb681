//go:build tools

// Package tools pins the MinIO server that the integration tests start.
package tools

import _ "github.com/minio/minio"

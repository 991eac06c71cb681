//go:build tools

// Package tools pins MinIO's client, which the cluster's MinIO image carries beside the server.
package tools

import _ "github.com/minio/mc"

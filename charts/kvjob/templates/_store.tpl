{{/* Name of the Secret with the study's credentials. */}}
{{- define "kvjob.secretName" -}}
{{- .Values.store.existingSecret | default "kvjob-store" -}}
{{- end }}

{{/* Name of the Secret with the credentials of MinIO's root. */}}
{{- define "kvjob.rootSecretName" -}}
{{- .Values.minio.rootSecret | default "kvjob-minio-root" -}}
{{- end }}

{{/* The store's URL, or nothing for AWS. The name has the namespace in it, since Argo's server reads it from its own. */}}
{{- define "kvjob.endpoint" -}}
{{- if .Values.minio.enabled -}}
http://kvjob-minio.{{ .Release.Namespace }}.svc:9000
{{- else -}}
{{- trimSuffix "/" .Values.store.endpoint -}}
{{- end -}}
{{- end }}

{{/* Port of an S3 elsewhere. */}}
{{- define "kvjob.storePort" -}}
{{- $endpoint := include "kvjob.endpoint" . -}}
{{- $port := regexFind ":[0-9]+$" $endpoint | trimPrefix ":" -}}
{{- $port | default (ternary "80" "443" (hasPrefix "http://" $endpoint)) -}}
{{- end }}

{{/* `key` below the store's prefix. */}}
{{- define "kvjob.storeKey" -}}
{{- with .root.Values.store.prefix }}{{ . }}/{{ end }}{{ .key -}}
{{- end }}

{{/*
What a Secret of the release has held so far under a key, else a new random value. A template that runs without a
cluster finds nothing.
*/}}
{{- define "kvjob.keptOrNew" -}}
{{- $kept := (lookup "v1" "Secret" .root.Release.Namespace .name).data | default dict -}}
{{- if hasKey $kept .key -}}
{{- get $kept .key | b64dec -}}
{{- else -}}
{{- randAlphaNum 40 -}}
{{- end -}}
{{- end }}

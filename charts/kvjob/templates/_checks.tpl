{{/* Refuse values that contradict each other; what the schema can say by itself, it says. */}}
{{- define "kvjob.check" -}}
{{- $store := .Values.store -}}
{{- $keys := or $store.accessKeyId $store.secretAccessKey -}}
{{- if and $store.existingSecret $keys -}}
  {{- fail "store.existingSecret and store.accessKeyId or store.secretAccessKey: give the one or the others" -}}
{{- end -}}
{{- if .Values.minio.enabled -}}
  {{- if $store.endpoint -}}
    {{- fail (printf "store.endpoint (%s) is that of a store elsewhere: set minio.enabled=false, or leave it empty" $store.endpoint) -}}
  {{- end -}}
{{- else if not (or $store.existingSecret (and $store.accessKeyId $store.secretAccessKey)) -}}
  {{- fail "minio.enabled is false, so the store is one elsewhere and needs credentials: set store.existingSecret to a Secret with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or store.accessKeyId and store.secretAccessKey" -}}
{{- end -}}
{{- end }}

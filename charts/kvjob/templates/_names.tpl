{{/* Labels of every object of the release. */}}
{{- define "kvjob.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/name: kvjob
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: kvjob
{{- end }}

{{/* Labels by which the server's pod is found; they can never change. */}}
{{- define "kvjob.minioSelector" -}}
app.kubernetes.io/name: kvjob
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: minio
{{- end }}

{{/* The same of the exporter's. */}}
{{- define "kvjob.exporterSelector" -}}
app.kubernetes.io/name: kvjob
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: exporter
{{- end }}

{{/* Annotations by which a Prometheus without its operator finds a pod, by the port. */}}
{{- define "kvjob.scrapeAnnotations" -}}
prometheus.io/scrape: "true"
prometheus.io/port: {{ . | quote }}
prometheus.io/path: /metrics
{{- end }}

{{/*
Reference of an image.
  registry: what goes before the repository, or empty
  image: repository, tag and digest, each of which may be empty
  default: REPOSITORY:TAG, for what is
*/}}
{{- define "kvjob.image" -}}
{{- $repository := .image.repository | default (regexReplaceAll ":[^:/]*$" .default "") -}}
{{- $tag := .image.tag | default (regexFind "[^:]*$" .default) -}}
{{- with .registry }}{{ trimSuffix "/" . }}/{{ end -}}
{{- $repository -}}
{{- if .image.digest }}@{{ .image.digest }}{{ else }}:{{ $tag }}{{ end -}}
{{- end }}

{{/* The study's image without torch, for what the chart itself runs. */}}
{{- define "kvjob.toolsImage" -}}
{{- $default := printf "kvjob/tools:%s" .Chart.AppVersion -}}
{{- include "kvjob.image" (dict "registry" .Values.images.registry "image" .Values.images.tools "default" $default) -}}
{{- end }}

{{/* imagePullSecrets of a pod, or nothing. */}}
{{- define "kvjob.pullSecrets" -}}
{{- with .Values.images.pullSecrets -}}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end }}

{{/* Security context of a pod and of a container, within the `restricted` standard; the user is the images'. */}}
{{- define "kvjob.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "kvjob.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* Which nodes a pod of the chart's own may go to, as those of a study, or nothing. */}}
{{- define "kvjob.placement" -}}
{{- $pods := .Values.pods -}}
{{- $place := dict -}}
{{- with $pods.nodeSelector }}{{ $_ := set $place "nodeSelector" . }}{{ end -}}
{{- with $pods.tolerations }}{{ $_ := set $place "tolerations" . }}{{ end -}}
{{- with $pods.affinity }}{{ $_ := set $place "affinity" . }}{{ end -}}
{{- with $pods.priorityClassName }}{{ $_ := set $place "priorityClassName" . }}{{ end -}}
{{- with $place }}{{ toYaml . }}{{ end -}}
{{- end }}

{{/*
The WorkflowTemplate as kvjob renders it, with the values laid over it; as JSON. Argo's own braces come out of a file
and are never seen by Helm's.
*/}}
{{- define "kvjob.study" -}}
{{- $study := .Files.Get "files/kvjob-study.json" | fromJson -}}
{{- if not $study.spec }}{{ fail (printf "files/kvjob-study.json: %s" ($study.Error | default "no `spec` in it")) }}{{ end -}}
{{- $spec := $study.spec -}}
{{- range $parameter := $spec.arguments.parameters -}}
  {{- $value := get $.Values.parameters $parameter.name -}}
  {{- if not (kindIs "invalid" $value) }}{{ $_ := set $parameter "value" (toString $value) }}{{ end -}}
{{- end -}}
{{- with .Values.parallelism }}{{ $_ := set $spec "parallelism" (int .) }}{{ end -}}
{{- with .Values.keep.workflowSeconds }}{{ $_ := set $spec.ttlStrategy "secondsAfterCompletion" (int .) }}{{ end -}}
{{- $podSeconds := .Values.keep.podSeconds -}}
{{- if not (kindIs "invalid" $podSeconds) -}}
  {{- $_ := set $spec.podGC "deleteDelayDuration" (printf "%ds" (int $podSeconds)) -}}
{{- end -}}
{{- with .Values.pods.labels }}{{ $_ := mergeOverwrite $spec.podMetadata (dict "labels" .) }}{{ end -}}
{{- with .Values.pods.annotations }}{{ $_ := mergeOverwrite $spec.podMetadata (dict "annotations" .) }}{{ end -}}
{{- $pullSecrets := list -}}
{{- range .Values.images.pullSecrets }}{{ $pullSecrets = append $pullSecrets (dict "name" .) }}{{ end -}}
{{- with $pullSecrets }}{{ $_ := set $spec "imagePullSecrets" . }}{{ end -}}
{{- range $template := $spec.templates -}}
  {{- if $template.container }}{{ include "kvjob.study.step" (dict "root" $ "template" $template) }}{{ end -}}
{{- end -}}
{{- toJson $study -}}
{{- end }}

{{/* Lay values over one step. Changes `template`, and prints nothing, as all below do. */}}
{{- define "kvjob.study.step" -}}
{{- $values := .root.Values -}}
{{- $own := get $values .template.name -}}
{{- include "kvjob.study.image" . -}}
{{- include "kvjob.study.store" . -}}
{{- with $own.resources }}{{ $_ := mergeOverwrite $.template.container.resources (deepCopy .) }}{{ end -}}
{{- with concat $values.pods.env ($own.env | default list) -}}
  {{- $_ := set $.template.container "env" (concat $.template.container.env .) -}}
{{- end -}}
{{- if not (kindIs "invalid" $own.retries) }}{{ $_ := set .template.retryStrategy "limit" (toString (int $own.retries)) }}{{ end -}}
{{- include "kvjob.study.gpu" . -}}
{{- include "kvjob.study.place" (dict "template" .template "pods" $values.pods "own" $own) -}}
{{- if eq .template.name "train" }}{{ include "kvjob.study.run" . }}{{ end -}}
{{- end }}

{{/* Image, and the variable that tells kvjob its name. */}}
{{- define "kvjob.study.image" -}}
{{- $container := .template.container -}}
{{- $images := .root.Values.images -}}
{{- $image := ternary $images.trainer $images.tools (eq .template.name "train") -}}
{{- $reference := include "kvjob.image" (dict "registry" $images.registry "image" $image "default" $container.image) -}}
{{- $_ := set $container "image" $reference -}}
{{- with $images.pullPolicy }}{{ $_ := set $container "imagePullPolicy" . }}{{ end -}}
{{- range $variable := $container.env -}}
  {{- if eq $variable.name "KVJOB_IMAGE" }}{{ $_ := set $variable "value" $reference }}{{ end -}}
{{- end -}}
{{- end }}

{{/* The Secret's name, and artifacts below the store's prefix. */}}
{{- define "kvjob.study.store" -}}
{{- range $source := .template.container.envFrom -}}
  {{- with $source.secretRef }}{{ $_ := set . "name" (include "kvjob.secretName" $.root) }}{{ end -}}
{{- end -}}
{{- range $artifact := (.template.outputs | default dict).artifacts -}}
  {{- with $artifact.s3 }}{{ $_ := set . "key" (include "kvjob.storeKey" (dict "root" $.root "key" .key)) }}{{ end -}}
{{- end -}}
{{- end }}

{{/* Which nodes a pod may go to, and how urgent it is. */}}
{{- define "kvjob.study.place" -}}
{{- $template := .template -}}
{{- with merge dict (.own.nodeSelector | default dict) .pods.nodeSelector }}{{ $_ := set $template "nodeSelector" . }}{{ end -}}
{{- with concat ($template.tolerations | default list) .pods.tolerations (.own.tolerations | default list) }}{{ $_ := set $template "tolerations" . }}{{ end -}}
{{- with .own.affinity | default .pods.affinity }}{{ $_ := set $template "affinity" . }}{{ end -}}
{{- with .own.priorityClassName | default .pods.priorityClassName }}{{ $_ := set $template "priorityClassName" . }}{{ end -}}
{{- end }}

{{/*
GPUs: of the limits, the one whose name has a slash is kvjob's own, and is replaced; without GPUs, what kvjob tolerates
for their sake goes too. Where a step has none, only the
variable by which it plans for those of others is set.
*/}}
{{- define "kvjob.study.gpu" -}}
{{- $limits := .template.container.resources.limits -}}
{{- $gpu := .root.Values.gpu -}}
{{- range $name := keys $limits -}}
  {{- if contains "/" $name -}}
    {{- $count := ternary (get $limits $name) $gpu.count (kindIs "invalid" $gpu.count) | toString | int -}}
    {{- $_ := unset $limits $name -}}
    {{- if $count }}{{ $_ := set $limits ($gpu.resource | default $name) (toString $count) -}}
    {{- else }}{{ $_ := unset $.template "tolerations" }}{{ end -}}
  {{- end -}}
{{- end -}}
{{- range $variable := .template.container.env -}}
  {{- if and (eq $variable.name "KVJOB_GPUS") (not (kindIs "invalid" $gpu.count)) -}}
    {{- $_ := set $variable "value" (toString (int $gpu.count)) -}}
  {{- end -}}
{{- end -}}
{{- end }}

{{/* What only a train pod has. */}}
{{- define "kvjob.study.run" -}}
{{- $template := .template -}}
{{- $train := .root.Values.train -}}
{{- with $train.queue }}{{ $_ := set $template.metadata.labels "kueue.x-k8s.io/queue-name" . }}{{ end -}}
{{- with $train.labels }}{{ $_ := mergeOverwrite $template.metadata (dict "labels" .) }}{{ end -}}
{{- if .root.Values.observe.scrape.annotations -}}
  {{- $found := include "kvjob.scrapeAnnotations" (index $template.container.ports 0).containerPort | fromYaml -}}
  {{- $_ := mergeOverwrite $template.metadata (dict "annotations" $found) -}}
{{- end -}}
{{- with $train.annotations }}{{ $_ := mergeOverwrite $template.metadata (dict "annotations" .) }}{{ end -}}
{{- with $train.activeDeadlineSeconds }}{{ $_ := set $template "activeDeadlineSeconds" (int .) }}{{ end -}}
{{- with $train.backoff.duration }}{{ $_ := set $template.retryStrategy.backoff "duration" . }}{{ end -}}
{{- with $train.backoff.factor }}{{ $_ := set $template.retryStrategy.backoff "factor" (toString (int .)) }}{{ end -}}
{{- with $train.backoff.cap }}{{ $_ := set $template.retryStrategy.backoff "cap" . }}{{ end -}}
{{- range $volume := $template.volumes -}}
  {{- if and (eq $volume.name "shm") $train.shm }}{{ $_ := set $volume.emptyDir "sizeLimit" $train.shm }}{{ end -}}
{{- end -}}
{{- $patch := fromJson $template.podSpecPatch -}}
{{- with $train.memory -}}
  {{- $_ := set (index $patch.containers 0) "resources" (dict "requests" (dict "memory" .) "limits" (dict "memory" .)) -}}
{{- end -}}
{{- with $train.runtimeClassName }}{{ $_ := set $patch "runtimeClassName" . }}{{ end -}}
{{- $grace := $train.terminationGracePeriodSeconds -}}
{{- if not (kindIs "invalid" $grace) }}{{ $_ := set $patch "terminationGracePeriodSeconds" (int $grace) }}{{ end -}}
{{- $_ := set $template "podSpecPatch" (toJson $patch) -}}
{{- end }}

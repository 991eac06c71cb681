{{/*
Groups of alerts: those of files/alerts.yaml with the values laid over them. Prometheus' braces come out of a file and are
never seen by Helm's.
*/}}
{{- define "kvjob.alerts" -}}
{{- $values := .Values.observe.alerts -}}
{{- $file := .Files.Get "files/alerts.yaml" | fromYaml -}}
{{- if not $file.groups }}{{ fail (printf "files/alerts.yaml: %s" ($file.Error | default "no `groups` in it")) }}{{ end -}}
{{- range $group := $file.groups -}}
  {{- $rules := list -}}
  {{- range $rule := $group.rules -}}
    {{- $own := get $values.rules $rule.alert | default dict -}}
    {{- $threshold := get $own "threshold" -}}
    {{- if not (kindIs "string" $threshold) -}}
      {{- $_ := set $rule "expr" (regexReplaceAll "(?m)^([<>]=?) [0-9.]+$" $rule.expr (printf "${1} %v" $threshold)) -}}
    {{- end -}}
    {{- with $own.for }}{{ $_ := set $rule "for" . }}{{ end -}}
    {{- with $own.severity }}{{ $_ := set $rule.labels "severity" . }}{{ end -}}
    {{- $_ := set $rule.annotations "runbook_url" (print $values.runbooks $rule.annotations.runbook_url) -}}
    {{- if not (eq (toString (get $own "enabled")) "false") }}{{ $rules = append $rules $rule }}{{ end -}}
  {{- end -}}
  {{- $_ := set $group "rules" $rules -}}
{{- end -}}
{{- toYaml $file.groups -}}
{{- end }}

{{/* Whether objects of the Prometheus operator are wanted: as the value says, or as the cluster knows their kind. */}}
{{- define "kvjob.operator" -}}
{{- $wanted := .wanted -}}
{{- if kindIs "invalid" $wanted }}{{ $wanted = .root.Capabilities.APIVersions.Has (printf "monitoring.coreos.com/v1/%s" .kind) }}{{ end -}}
{{- if $wanted }}true{{ end -}}
{{- end }}

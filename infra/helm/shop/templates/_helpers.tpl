{{/* Labels of everything that belongs to a service: call with (dict "root" $ "name" $name). */}}
{{- define "shop.labels" -}}
{{ include "shop.selector" . }}
app.kubernetes.io/part-of: shop
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/version: {{ .root.Values.image.tag | default .root.Chart.AppVersion | quote }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{/* What pods of a service are found by; it never changes. */}}
{{- define "shop.selector" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end }}

{{/* The port where metrics and the reasons of readiness are shown: a port of its own where the service's is for visitors. */}}
{{- define "shop.operationsPort" -}}
{{ if hasKey . "operations" }}operations{{ else }}http{{ end }}
{{- end }}

{{- define "watcher.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains "watcher" .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-watcher" (.Release.Name | trunc 42 | trimSuffix "-") -}}
{{- end -}}
{{- end }}

{{- define "watcher.selector" -}}
app.kubernetes.io/name: watcher
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* The name label is fixed: by it the built-in `never` list knows watcher itself. */}}
{{- define "watcher.labels" -}}
{{ include "watcher.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "watcher.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "watcher.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end }}

{{- define "watcher.image" -}}
{{- $repository := required "image.repository is empty: say where your image of watcher is (none is published; build it with the Dockerfile), for instance --set image.repository=registry.example.com/sre/watcher" .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end }}

{{- define "watcher.configMap" -}}
{{- .Values.existingConfigMap | default (include "watcher.fullname" .) -}}
{{- end }}

{{- define "watcher.configFile" -}}
/etc/watcher/{{ if .Values.existingConfigMap }}{{ .Values.existingConfigMapKey }}{{ else }}thresholds.yaml{{ end }}
{{- end }}

{{- define "watcher.claim" -}}
{{- .Values.persistence.existingClaim | default (include "watcher.fullname" .) -}}
{{- end }}

{{/* "true" or empty, as all that follow. */}}
{{- define "watcher.acts" -}}
{{- if eq .Values.mode "act" }}true{{ end -}}
{{- end }}

{{- define "watcher.undoes" -}}
{{- if and (include "watcher.acts" .) .Values.rungs.undo }}true{{ end -}}
{{- end }}

{{- define "watcher.aborts" -}}
{{- if and (include "watcher.acts" .) .Values.rungs.abort }}true{{ end -}}
{{- end }}

{{- define "watcher.goesThroughGit" -}}
{{- if and (include "watcher.acts" .) .Values.rungs.git }}true{{ end -}}
{{- end }}

{{- define "watcher.migratesDown" -}}
{{- if and (include "watcher.acts" .) .Values.rungs.down }}true{{ end -}}
{{- end }}

{{/* Whether flags of the OpenFeature operator are looked at: a provider of the thresholds says so, or the values. */}}
{{- define "watcher.usesFeatureFlags" -}}
{{- $uses := .Values.rbac.featureFlags }}
{{- range $name, $provider := ((.Values.thresholds | default dict).flags | default dict).providers | default dict }}
{{- if eq ($provider.kind | default "") "openfeature" }}{{ $uses = true }}{{ end }}
{{- end }}
{{- if $uses }}true{{ end -}}
{{- end }}

{{- define "watcher.switchesFeatureFlags" -}}
{{- if and (include "watcher.acts" .) .Values.rungs.flag (include "watcher.usesFeatureFlags" . | trim) }}true{{ end -}}
{{- end }}

{{- define "watcher.events" -}}
{{- if or (eq .Values.events "always") (and (eq .Values.events "auto") (include "watcher.acts" .)) }}true{{ end -}}
{{- end }}

{{- define "watcher.writes" -}}
{{- if or (include "watcher.acts" .) (include "watcher.events" .) }}true{{ end -}}
{{- end }}

{{- define "watcher.hasServiceMonitors" -}}
{{- if or (.Capabilities.APIVersions.Has "monitoring.coreos.com/v1/ServiceMonitor") (.Capabilities.APIVersions.Has "monitoring.coreos.com/v1") }}true{{ end -}}
{{- end }}

{{- define "watcher.hasPrometheusRules" -}}
{{- if or (.Capabilities.APIVersions.Has "monitoring.coreos.com/v1/PrometheusRule") (.Capabilities.APIVersions.Has "monitoring.coreos.com/v1") }}true{{ end -}}
{{- end }}

{{- define "watcher.hasFlowSchemas" -}}
{{- if .Capabilities.APIVersions.Has "flowcontrol.apiserver.k8s.io/v1" }}true{{ end -}}
{{- end }}

{{/* A subject list with the one account. */}}
{{- define "watcher.subjects" -}}
subjects:
  - kind: ServiceAccount
    name: {{ include "watcher.serviceAccount" . }}
    namespace: {{ .Release.Namespace }}
{{- end }}

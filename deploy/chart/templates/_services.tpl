{{/* The services as the code has them. A test holds ports and callers equal to its settings and its allow table. */}}
{{- define "credence.services" -}}
registry:
  address: REGISTRY
  grpc: 7410
  api: true
  callers: [vault, token-refresher, verifier, gateway]
vault:
  address: VAULT
  grpc: 7411
  api: true
  http: {data: 7402}
  outside: true
  callers: [registry, token-refresher, verifier, gateway]
token-refresher:
  address: REFRESHER
  grpc: 7412
  redis: true
  callers: [registry, verifier, gateway]
verifier:
  address: VERIFIER
  grpc: 7413
  outside: true
  callers: [registry, vault, token-refresher, gateway]
gateway:
  address: GATEWAY
  grpc: 7414
  api: true
  http: {public: 7400, admin: 7401}
  outside: true
  callers: []
{{- end }}

{{- define "credence.fullname" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name }}{{ else }}{{ .Release.Name }}-{{ .Chart.Name }}{{ end -}}
{{- end }}

{{/* Takes {root, service}, as all below do. */}}
{{- define "credence.name" -}}
{{ include "credence.fullname" .root }}-{{ .service }}
{{- end }}

{{- define "credence.selector" -}}
app.kubernetes.io/name: credence
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .service }}
{{- end }}

{{- define "credence.labels" -}}
{{ include "credence.selector" . }}
app.kubernetes.io/version: {{ .root.Values.image.tag | default .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- define "credence.image" -}}
{{- with .Values.image -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end -}}
{{- end -}}
{{- end }}

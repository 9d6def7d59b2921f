{{/* Environment of a service: {root, service, spec, own}. */}}
{{- define "credence.environment" -}}
{{- $settings := .own.secrets.settings | default (include "credence.name" .) -}}
- {name: CREDENCE_HOST, value: "0.0.0.0"}
- {name: CREDENCE_PUBLIC_URL, value: {{ required "publicUrl must be given" .root.Values.publicUrl | quote }}}
- name: CREDENCE_STORE_URL
  valueFrom: {secretKeyRef: {name: {{ $settings }}, key: store-url}}
- name: CREDENCE_NATS_URL
  valueFrom: {secretKeyRef: {name: {{ $settings }}, key: nats-url}}
{{- if .own.secrets.natsCreds }}
- {name: CREDENCE_NATS_CREDS, value: /run/credence/nats/nats.creds}
{{- end }}
- {name: CREDENCE_NATS_REPLICAS, value: {{ .root.Values.natsReplicas | quote }}}
- {name: CREDENCE_TLS_CA, value: /run/credence/tls/ca.crt}
- {name: CREDENCE_TLS_CERT, value: /run/credence/tls/tls.crt}
- {name: CREDENCE_TLS_KEY, value: /run/credence/tls/tls.key}
{{- if .spec.api }}
- {name: CREDENCE_API_TLS_CERT, value: /run/credence/api-tls/tls.crt}
- {name: CREDENCE_API_TLS_KEY, value: /run/credence/api-tls/tls.key}
{{- end }}
{{- range $peer, $spec := include "credence.services" .root | fromYaml }}
- {name: CREDENCE_{{ $spec.address }}_ADDRESS, value: {{ printf "%s:%v" (include "credence.name" (dict "root" $.root "service" $peer)) $spec.grpc | quote }}}
{{- end }}
{{- if eq .service "registry" }}
- {name: CREDENCE_FIRST_KEY_FILE, value: /var/lib/credence/first-key}
{{- end }}
{{- if eq .service "vault" }}
- {name: CREDENCE_VOLUME, value: /var/lib/credence}
- {name: CREDENCE_KEY_URI, value: /run/credence/root-key/root.key}
{{- end }}
{{- if .spec.redis }}
- name: CREDENCE_REDIS_URL
  valueFrom: {secretKeyRef: {name: {{ $settings }}, key: redis-url}}
{{- end }}
{{- if eq .service "gateway" }}
- {name: CREDENCE_ADMIN_URL, value: {{ required "adminUrl must be given" .root.Values.adminUrl | quote }}}
{{- end }}
{{- with .root.Values.otlpEndpoint }}
- {name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ . | quote }}}
{{- end }}
{{- range $name, $value := .own.settings }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}

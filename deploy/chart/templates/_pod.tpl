{{/* Template of the pods of a service: {root, service, spec, own}. */}}
{{- define "credence.pod" -}}
metadata:
  labels:
    {{- include "credence.labels" . | nindent 4 }}
spec:
  serviceAccountName: {{ include "credence.name" . }}
  automountServiceAccountToken: false
  # For a service of the name credence-vault Kubernetes would set a variable that is our setting of its port, to tcp://….
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ .root.Values.terminationGracePeriodSeconds }}
  {{- with .root.Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile: {type: RuntimeDefault}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: topology.kubernetes.io/zone
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "credence.selector" . | nindent 10 }}
  affinity:
    podAntiAffinity:
      preferredDuringSchedulingIgnoredDuringExecution:
        - weight: 100
          podAffinityTerm:
            topologyKey: kubernetes.io/hostname
            labelSelector:
              matchLabels:
                {{- include "credence.selector" . | nindent 16 }}
  {{- with .root.Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .root.Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: {{ .service }}
      image: {{ include "credence.image" .root }}
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      args: [serve, {{ .service }}]
      env:
        {{- include "credence.environment" . | nindent 8 }}
      ports:
        - {name: grpc, containerPort: {{ .spec.grpc }}}
        {{- if .spec.api }}
        - {name: api, containerPort: 7405}
        {{- end }}
        {{- range $name, $port := .spec.http }}
        - {name: {{ $name }}, containerPort: {{ $port }}}
        {{- end }}
        - {name: probes, containerPort: 7420}
      # A vault reads its audit log before it can be used.
      startupProbe:
        httpGet: {path: /livez, port: probes}
        periodSeconds: 2
        failureThreshold: 150
      livenessProbe:
        httpGet: {path: /livez, port: probes}
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      # The service itself gives an engine two seconds.
      readinessProbe:
        httpGet: {path: /readyz, port: probes}
        periodSeconds: 5
        timeoutSeconds: 4
        failureThreshold: 2
      lifecycle:
        preStop:
          sleep: {seconds: {{ .root.Values.preStopSeconds }}}
      securityContext:
        allowPrivilegeEscalation: false
        privileged: false
        readOnlyRootFilesystem: true
        runAsNonRoot: true
        capabilities: {drop: [ALL]}
      resources:
        {{- toYaml .own.resources | nindent 8 }}
      volumeMounts:
        {{- include "credence.mounts" . | nindent 8 }}
  volumes:
    {{- include "credence.volumes" . | nindent 4 }}
{{- end }}

{{- define "credence.mounts" -}}
- {name: tmp, mountPath: /tmp}
- {name: tls, mountPath: /run/credence/tls, readOnly: true}
{{- if .spec.api }}
- {name: api-tls, mountPath: /run/credence/api-tls, readOnly: true}
{{- end }}
{{- if .own.secrets.natsCreds }}
- {name: nats-creds, mountPath: /run/credence/nats, readOnly: true}
{{- end }}
{{- if eq .service "registry" }}
- {name: first-key, mountPath: /var/lib/credence}
{{- end }}
{{- if eq .service "vault" }}
- {name: root-key, mountPath: /run/credence/root-key, readOnly: true}
- {name: volume, mountPath: /var/lib/credence}
{{- end }}
{{- end }}

{{- define "credence.volumes" -}}
- {name: tmp, emptyDir: {medium: Memory, sizeLimit: 16Mi}}
- {name: tls, secret: {secretName: {{ .own.secrets.tls | default (printf "%s-tls" (include "credence.name" .)) }}, defaultMode: 0440}}
{{- if .spec.api }}
- {name: api-tls, secret: {secretName: {{ .own.secrets.apiTls | default (printf "%s-api-tls" (include "credence.fullname" .root)) }}, defaultMode: 0440}}
{{- end }}
{{- with .own.secrets.natsCreds }}
- {name: nats-creds, secret: {secretName: {{ . }}, defaultMode: 0440}}
{{- end }}
{{- if eq .service "registry" }}
- {name: first-key, emptyDir: {medium: Memory, sizeLimit: 1Mi}}
{{- end }}
{{- if eq .service "vault" }}
- {name: root-key, secret: {secretName: {{ .own.secrets.rootKey | default (printf "%s-root-key" (include "credence.fullname" .root)) }}, defaultMode: 0440}}
{{- end }}
{{- end }}

import type { RefreshTimes } from '@credence/refresh-protocol'
import { CONFIG_SETTING, type Settings } from '@credence/service'

/** What every service of the distributed profile is told, beside its own settings. */
export const HOST_SETTINGS = {
  config: CONFIG_SETTING as typeof CONFIG_SETTING,
  host: { name: 'HOST', kind: 'string', default: '127.0.0.1', doc: 'Address that every listener binds to.' },
  publicUrl: { name: 'PUBLIC_URL', kind: 'url', required: true, doc: 'Address under which browsers reach the connect pages.' },
  storeUrl: {
    name: 'STORE_URL',
    kind: 'string',
    required: true,
    secret: true,
    doc: 'MongoDB connection string with the user of this service. A replica set in production.',
  },
  storeDatabase: { name: 'STORE_DATABASE', kind: 'string', doc: 'Database of this service. Default: credence_ and its name.' },
  natsUrl: {
    name: 'NATS_URL',
    kind: 'list',
    required: true,
    secret: true,
    doc: 'NATS servers of one cluster: nats://[user:password@]host:port.',
  },
  natsCreds: { name: 'NATS_CREDS', kind: 'file', doc: 'Credentials file for NATS servers with accounts.' },
  natsReplicas: {
    name: 'NATS_REPLICAS',
    kind: 'string',
    default: '1',
    doc: 'Copies of each fact in JetStream: 1, or 3 or 5 on as many servers.',
  },
  tlsCa: { name: 'TLS_CA', kind: 'file', required: true, doc: 'Certificate of the authority that signed every service, PEM.' },
  tlsCert: {
    name: 'TLS_CERT',
    kind: 'file',
    required: true,
    doc: 'Certificate of this service, PEM, with spiffe://credence/<service> in it.',
  },
  tlsKey: { name: 'TLS_KEY', kind: 'file', required: true, doc: 'Its private key, PEM.' },
  registryAddress: { name: 'REGISTRY_ADDRESS', kind: 'string', default: 'registry:7410', doc: 'Service gRPC of the registry, host:port.' },
  vaultAddress: { name: 'VAULT_ADDRESS', kind: 'string', default: 'vault:7411', doc: 'Service gRPC of the vault.' },
  refresherAddress: {
    name: 'REFRESHER_ADDRESS',
    kind: 'string',
    default: 'token-refresher:7412',
    doc: 'Service gRPC of the token-refresher.',
  },
  verifierAddress: { name: 'VERIFIER_ADDRESS', kind: 'string', default: 'verifier:7413', doc: 'Service gRPC of the verifier.' },
  gatewayAddress: { name: 'GATEWAY_ADDRESS', kind: 'string', default: 'gateway:7414', doc: 'Service gRPC of the gateway.' },
  apiPort: {
    name: 'API_PORT',
    kind: 'port',
    default: 7405,
    doc: 'gRPC for callers, with health and reflection, where the service has methods for them.',
  },
  apiTlsCert: {
    name: 'API_TLS_CERT',
    kind: 'file',
    doc: 'Certificate of that listener, PEM. Without it callers are served on loopback only.',
  },
  apiTlsKey: { name: 'API_TLS_KEY', kind: 'file', doc: 'Its private key, PEM.' },
  probePort: { name: 'PROBE_PORT', kind: 'port', default: 7420, doc: 'HTTP /livez, /readyz and /metrics.' },
  otlpEndpoint: {
    name: 'OTLP_ENDPOINT',
    env: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    kind: 'url',
    doc: 'Where spans and metrics go (OTLP over HTTP). Default: nowhere.',
  },
} as const

export type HostSettings = Settings<typeof HOST_SETTINGS>

/** Of the two services that know how long a refresh may take. */
export const REFRESH_SETTINGS = {
  refreshLeaseMs: { name: 'REFRESH_LEASE_MS', kind: 'ms', default: 60_000, doc: 'How long one sender has a credential to itself.' },
  refreshDeadlineMs: { name: 'REFRESH_DEADLINE_MS', kind: 'ms', default: 20_000, doc: 'Longest wait for a token endpoint.' },
  refreshSaveMs: { name: 'REFRESH_SAVE_MS', kind: 'ms', default: 20_000, doc: 'What is left after the deadline to store the answer.' },
  refreshHeartbeatMs: { name: 'REFRESH_HEARTBEAT_MS', kind: 'ms', default: 30_000, doc: 'How often a vault writes that it lives.' },
  refreshOwnerGoneMs: {
    name: 'REFRESH_OWNER_GONE_MS',
    kind: 'ms',
    default: 600_000,
    doc: 'After how long a silence a vault counts as gone.',
  },
  refreshConfirmMs: {
    name: 'REFRESH_CONFIRM_MS',
    kind: 'ms',
    default: 60_000,
    doc: 'How long after an unexplained invalid_grant it is asked once more.',
  },
} as const

export function refreshTimesOf(settings: Settings<typeof REFRESH_SETTINGS>): RefreshTimes {
  return {
    leaseMs: settings.refreshLeaseMs,
    deadlineMs: settings.refreshDeadlineMs,
    saveMs: settings.refreshSaveMs,
    heartbeatMs: settings.refreshHeartbeatMs,
    ownerGoneMs: settings.refreshOwnerGoneMs,
    confirmMs: settings.refreshConfirmMs,
  }
}

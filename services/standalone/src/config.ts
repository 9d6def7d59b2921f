import { EGRESS_SETTINGS, type EgressSettings, egressOf } from '@credence/egress'
import { REFRESH_SETTINGS, refreshTimesOf } from '@credence/host'
import type { RefreshTimes } from '@credence/refresh-protocol'
import { CONFIG_SETTING, createFailpoints, readSettings, type Settings } from '@credence/service'
import { LIMIT_SETTINGS } from '@credence/vault'
import { RESEARCH_SETTINGS, researchOf } from '@credence/verifier'

const OWN_SETTINGS = {
  config: CONFIG_SETTING as typeof CONFIG_SETTING,
  home: {
    name: 'HOME',
    kind: 'string',
    default: './.credence',
    doc: 'Folder of the database, the key file, the audit log and the certificates.',
  },
  host: { name: 'HOST', kind: 'string', default: '127.0.0.1', doc: 'Address that every listener binds to.' },
  publicUrl: {
    name: 'PUBLIC_URL',
    kind: 'url',
    doc: 'Address under which browsers reach the connect pages. Default: http://localhost and the public port.',
  },
  publicPort: { name: 'PUBLIC_PORT', kind: 'port', default: 7400, doc: 'Connect pages, OAuth callbacks, reconnect links.' },
  adminPort: { name: 'ADMIN_PORT', kind: 'port', default: 7401, doc: 'REST API, OpenAPI page, event stream, console.' },
  dataPort: { name: 'DATA_PORT', kind: 'port', default: 7402, doc: 'The proxy: /v1/proxy/{credential_id}/….' },
  apiPort: { name: 'API_PORT', kind: 'port', default: 7405, doc: 'gRPC for callers, with health and reflection.' },
  registryPort: { name: 'REGISTRY_PORT', kind: 'port', default: 7410, doc: 'Service gRPC of the registry (mutual TLS).' },
  vaultPort: { name: 'VAULT_PORT', kind: 'port', default: 7411, doc: 'Service gRPC of the vault (mutual TLS).' },
  refresherPort: { name: 'REFRESHER_PORT', kind: 'port', default: 7412, doc: 'Service gRPC of the token-refresher (mutual TLS).' },
  verifierPort: { name: 'VERIFIER_PORT', kind: 'port', default: 7413, doc: 'Service gRPC of the verifier (mutual TLS).' },
  gatewayPort: { name: 'GATEWAY_PORT', kind: 'port', default: 7414, doc: 'Service gRPC of the gateway (mutual TLS).' },
  probePort: { name: 'PROBE_PORT', kind: 'port', default: 7420, doc: 'HTTP /livez, /readyz and /metrics.' },
  keyUri: { name: 'KEY_URI', kind: 'string', doc: 'Root key: a file, made at the first start. Default: key in the home folder.' },
  acceptRestore: {
    name: 'ACCEPT_RESTORE',
    kind: 'boolean',
    default: false,
    doc: 'Start although the store is older than what was last seen: a backup was restored.',
  },
  refreshTickMs: { name: 'REFRESH_TICK_MS', kind: 'ms', default: 15_000, doc: 'How often due refreshes are looked for.' },
  otlpEndpoint: {
    name: 'OTLP_ENDPOINT',
    env: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    kind: 'url',
    doc: 'Where spans and metrics go (OTLP over HTTP). Default: nowhere.',
  },
} as const

/** Every setting of the embedded profile; the README's table is made from it. */
export const STANDALONE_SETTINGS: typeof OWN_SETTINGS &
  typeof EGRESS_SETTINGS &
  typeof REFRESH_SETTINGS &
  typeof LIMIT_SETTINGS &
  typeof RESEARCH_SETTINGS = {
  ...OWN_SETTINGS,
  ...EGRESS_SETTINGS,
  ...REFRESH_SETTINGS,
  ...LIMIT_SETTINGS,
  ...RESEARCH_SETTINGS,
}

export type StandaloneSettings = Settings<typeof STANDALONE_SETTINGS>

export interface StandaloneConfig {
  readonly settings: StandaloneSettings
  readonly egress: EgressSettings
  readonly refreshTimes: RefreshTimes
  readonly research: ReturnType<typeof researchOf>
  readonly failpoint: (name: string) => void
}

/** Reads flags, then the environment, then defaults. Throws INVALID_SETTING with every fault at once. */
export function readConfig(args: readonly string[], env: Readonly<Record<string, string | undefined>> = process.env): StandaloneConfig {
  const settings = readSettings(STANDALONE_SETTINGS, env, args)
  return Object.freeze({
    settings,
    egress: egressOf(settings),
    refreshTimes: refreshTimesOf(settings),
    research: researchOf(settings),
    failpoint: createFailpoints(env),
  })
}

import type {
  Capability,
  Consent,
  Consumer,
  CredenceEvent,
  Credential,
  HistoryEntry,
  IdentityRecord,
  Key,
  Pass,
  Provider,
  Session,
} from '@credence/sdk'
import type { Column } from './table.ts'

/** What tables show of each thing; everything is in the JSON. */
export const CREDENTIAL_COLUMNS: readonly Column<Credential>[] = [
  { title: 'id', of: (it) => it.id },
  { title: 'provider', of: (it) => it.providerName },
  { title: 'label', of: (it) => it.label },
  { title: 'account', of: (it) => it.account?.name },
  { title: 'status', of: statusOf },
  { title: 'expires', of: (it) => it.expiresAt },
  { title: 'last used', of: (it) => it.lastUsedAt },
]

/** `active`, `active (unverified)`, `expired (refresh_refused)`. */
export function statusOf({ status, reason, health }: Credential): string {
  const more = status === 'active' ? (health === 'ok' ? undefined : health) : reason
  return more === undefined || more === '' ? status : `${status} (${more})`
}

export function credentialFacts(it: Credential): readonly (readonly [string, string | number | Date | undefined])[] {
  const pairs = (members: Readonly<Record<string, string>>): string =>
    Object.entries(members)
      .map(([name, value]) => `${name}=${value}`)
      .join(' ')
  return [
    ['id', it.id],
    ['provider', `${it.providerName} (${it.providerId}, version ${it.providerVersion}, pattern ${it.pattern})`],
    ['family', it.family],
    ['label', it.label],
    ['account', it.account?.name || it.account?.id],
    ['owner', it.owner?.names[0] ?? it.owner?.user],
    ['level', it.level],
    ['status', statusOf(it)],
    ['scopes', it.scopes.join(' ')],
    ['shared with', it.shares.map(({ subject, names, permission }) => `${names[0] ?? subject} (${permission})`).join(', ')],
    ['account fields', pairs(it.accountFields)],
    ['tags', pairs(it.tags)],
    ...it.assets.map(({ channel, id, name, label }) => [channel, `${id} (${label === undefined ? name : `${name}, ${label}`})`] as const),
    ['consumers', it.consumerCount],
    ['created', it.createdAt],
    ['expires', it.expiresAt],
    ['last used', it.lastUsedAt],
    ['last verified', it.lastVerifiedAt],
    [
      'last error',
      it.lastError === undefined
        ? undefined
        : `${it.lastError.code}${it.lastError.at === undefined ? '' : ` at ${it.lastError.at.toISOString()}`}`,
    ],
    ['reconnect', it.reconnectUrl],
  ]
}

export const CAPABILITY_COLUMNS: readonly Column<Capability>[] = [
  { title: 'id', of: (it) => it.id },
  { title: 'name', of: (it) => it.name },
  { title: 'provider', of: (it) => it.providerName },
  { title: 'mode', of: (it) => it.mode },
  { title: 'auth type', of: (it) => it.authType },
  { title: 'security', of: (it) => it.security.level },
  { title: 'customers', of: (it) => it.customers },
]

type FactPairs = readonly (readonly [string, string | number | Date | undefined])[]

export function capabilityFacts(it: Capability): FactPairs {
  const facts = it.security.facts.map(({ name }) => name).join(', ')
  return [
    ['id', it.id],
    ['name', it.name],
    ['description', it.description],
    ['provider', `${it.providerName} (${it.providerId}, version ${it.providerVersion}, pattern ${it.pattern})`],
    ['auth type', it.authType],
    ['mode', it.mode],
    ['credential', it.credentialId],
    ['methods', it.methods.join(' ') || 'every method'],
    ['paths', it.paths.join(' ') || 'every path'],
    ['security', facts === '' ? it.security.level : `${it.security.level}: ${facts}`],
    ['consent', it.consent.required ? [it.consent.purpose, ...(it.consent.scopes ?? [])].join(' ') : undefined],
    ['exclusive', it.exclusive ? 'yes' : undefined],
    ['scopes', it.scopes.join(' ')],
    ['customers', it.customers],
    ['created', it.createdAt],
    ['updated', it.updatedAt],
  ]
}

/** What one call with its credential said. */
export function verdictFacts(verdict: Verification | undefined): FactPairs {
  if (verdict === undefined) return []
  return [
    ['verdict', verdict.verdict],
    ['cause', verdict.cause],
    ['says', verdict.sentence],
    ['status', verdict.upstreamStatus || undefined],
  ]
}

interface Verification {
  readonly verdict: string
  readonly cause?: string
  readonly sentence?: string
  readonly upstreamStatus: number
}

export const PASS_COLUMNS: readonly Column<Pass>[] = [
  { title: 'id', of: (it) => it.id },
  { title: 'capability', of: (it) => it.capabilityId },
  { title: 'customer', of: (it) => it.user },
  { title: 'granted', of: (it) => it.grantedAt },
  { title: 'ends', of: (it) => it.expiresAt },
]

export function passFacts(it: Pass): FactPairs {
  return PASS_COLUMNS.map(({ title, of }) => [title, of(it)])
}

export const RECORD_COLUMNS: readonly Column<IdentityRecord>[] = [
  { title: 'customer', of: (it) => it.user },
  { title: 'facts', of: (it) => it.facts.join(', ') },
  { title: 'updated', of: (it) => it.updatedAt },
]

export const CONSENT_COLUMNS: readonly Column<Consent>[] = [
  { title: 'id', of: (it) => it.id },
  { title: 'capability', of: (it) => it.capabilityId },
  { title: 'customer', of: (it) => it.user },
  { title: 'state', of: (it) => it.state },
  { title: 'purpose', of: (it) => it.purpose },
  { title: 'given', of: (it) => it.givenAt },
]

export function consentFacts(it: Consent): FactPairs {
  return [
    ...CONSENT_COLUMNS.map(({ title, of }) => [title, of(it)] as const),
    ['scopes', it.scopes.join(' ')],
    ['given by', it.givenBy],
    ['how', it.how],
    ['withdrawn', it.withdrawnAt],
    ['withdrawn by', it.withdrawnBy],
    ['covers what is asked now', it.covers ? 'yes' : 'no'],
    ['before', it.earlier.length || undefined],
  ]
}

export const CONSUMER_COLUMNS: readonly Column<Consumer>[] = [
  { title: 'id', of: (it) => it.id },
  { title: 'kind', of: (it) => it.kind },
  { title: 'reference', of: (it) => it.externalRef },
  { title: 'channel', of: (it) => (it.channel === undefined ? undefined : `${it.channel} ${it.nativeId ?? ''}`) },
  { title: 'label', of: (it) => it.label },
  { title: 'bound', of: (it) => it.boundAt },
]

export const HISTORY_COLUMNS: readonly Column<HistoryEntry>[] = [
  { title: 'at', of: (it) => it.at },
  { title: 'action', of: (it) => it.action },
  { title: 'actor', of: (it) => it.actor },
  { title: 'user', of: (it) => it.user },
  { title: 'outcome', of: (it) => it.outcome },
  { title: 'status', of: (it) => it.upstreamStatus },
  { title: 'provider error', of: (it) => it.providerError },
  { title: 'trace', of: (it) => it.traceId },
]

export const PROVIDER_COLUMNS: readonly Column<Provider>[] = [
  { title: 'id', of: (it) => it.id },
  { title: 'name', of: (it) => it.displayName },
  { title: 'version', of: (it) => it.version },
  { title: 'origin', of: (it) => it.origin },
  { title: 'created', of: (it) => it.createdAt },
]

export const KEY_COLUMNS: readonly Column<Key>[] = [
  { title: 'id', of: (it) => it.id },
  { title: 'label', of: (it) => it.label },
  { title: 'role', of: (it) => it.role },
  { title: 'scopes', of: (it) => it.scopes.join(' ') },
  { title: 'state', of: (it) => it.state },
  { title: 'created', of: (it) => it.createdAt },
  { title: 'expires', of: (it) => it.expiresAt },
]

export const EVENT_COLUMNS: readonly Column<CredenceEvent>[] = [
  { title: 'time', of: (it) => it.time },
  { title: 'event', of: eventNameOf },
  { title: 'subject', of: (it) => it.subject },
  { title: 'data', of: dataOf },
  { title: 'cursor', of: (it) => it.cursor },
]

export function eventNameOf({ type }: CredenceEvent): string {
  return type.replace(/^dev\.credence\./, '')
}

/** Members that repeat the subject say nothing new on a line. */
export function dataOf({ data, subject }: CredenceEvent): string {
  return Object.entries(data)
    .flatMap(([name, value]) => (value === subject || value === '' ? [] : [`${name}=${value}`]))
    .join(' ')
}

export function sessionFacts(it: Session): readonly (readonly [string, string | number | Date | undefined])[] {
  return [
    ['id', it.id],
    ['state', it.state],
    ['provider', it.providerId],
    ['credential', it.credentialId],
    ['confirm', it.confirm],
    ['user', it.user],
    ['expires', it.expiresAt],
    ['code', it.code],
    ['detail', it.detail],
  ]
}

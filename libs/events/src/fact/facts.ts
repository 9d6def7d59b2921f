import { newId } from '@credence/credential'
import { type Random, traceHeaders } from '@credence/service'
import type { Fact } from '../event-bus.ts'
import { type DataValue, type MemberName, type MemberValue, memberText } from './member.ts'

/** The services that own facts. */
type FactOwner = 'registry' | 'vault' | 'token-refresher' | 'verifier' | 'gateway'

interface FactEntry {
  /** The only service that may say it. */
  readonly owner: FactOwner
  /** The members its data may have; none is required. */
  readonly data: readonly MemberName[]
}

/** Who owns which fact, and what it may tell. A relabelled credential is not a fact: nobody acts on a name. */
const TABLE = {
  'credential.created': {
    owner: 'registry',
    data: ['actor', 'provider_id', 'provider_version', 'family', 'level', 'owner', 'version', 'session_id'],
  },
  'credential.connected': { owner: 'registry', data: ['actor', 'provider_id', 'version', 'session_id', 'candidate_id', 'account_changed'] },
  'credential.enabled': { owner: 'registry', data: ['actor', 'version', 'generation'] },
  'credential.disabled': { owner: 'registry', data: ['actor', 'version', 'generation', 'reason'] },
  'credential.shared': { owner: 'registry', data: ['actor', 'generation', 'grantee', 'level'] },
  'credential.unshared': { owner: 'registry', data: ['actor', 'generation', 'grantee', 'level'] },
  'credential.owner_changed': { owner: 'registry', data: ['actor', 'generation', 'owner', 'previous_owner'] },
  'credential.deleted': { owner: 'registry', data: ['actor', 'version', 'reason', 'outcome', 'consumers'] },
  'credential.secret_replaced': { owner: 'vault', data: ['actor', 'version', 'previous_version', 'reason', 'candidate_id', 'expires_at'] },
  'credential.refreshed': { owner: 'vault', data: ['actor', 'version', 'previous_version', 'issued_at', 'expires_at'] },
  'credential.refresh_failed': {
    owner: 'vault',
    data: ['actor', 'version', 'reason', 'outcome', 'attempts', 'retry_at', 'upstream_error', 'upstream_status', 'client_id'],
  },
  'credential.revoked': { owner: 'vault', data: ['actor', 'version', 'scope', 'outcome', 'upstream_error', 'upstream_status'] },
  'credential.refused': { owner: 'vault', data: ['version', 'reason', 'upstream_status'] },
  'credential.used': { owner: 'vault', data: ['version', 'caller_id', 'capability_id', 'count', 'since', 'until'] },
  'credential.denied': { owner: 'vault', data: ['version', 'caller_id', 'capability_id', 'count', 'since', 'until', 'reason'] },
  'credential.expiring': { owner: 'token-refresher', data: ['version', 'reason', 'expires_at', 'reconnect_url'] },
  'credential.expired': {
    owner: 'token-refresher',
    data: ['version', 'reason', 'expires_at', 'expired_at', 'reconnect_url', 'upstream_error'],
  },
  'credential.recovered': { owner: 'token-refresher', data: ['version', 'reason', 'expires_at'] },
  'credential.verified': { owner: 'verifier', data: ['actor', 'version', 'candidate_id', 'account_changed', 'upstream_status'] },
  'credential.verification_failed': {
    owner: 'verifier',
    data: ['actor', 'version', 'candidate_id', 'reason', 'upstream_error', 'upstream_status'],
  },
  'provider.created': { owner: 'registry', data: ['actor', 'version'] },
  'provider.updated': { owner: 'registry', data: ['actor', 'version', 'previous_version'] },
  'provider.deleted': { owner: 'registry', data: ['actor', 'version'] },
  'capability.created': { owner: 'registry', data: ['actor', 'provider_id', 'credential_id', 'kind', 'level', 'generation'] },
  'capability.updated': { owner: 'registry', data: ['actor', 'provider_id', 'credential_id', 'kind', 'level', 'generation'] },
  'capability.deleted': { owner: 'registry', data: ['actor', 'provider_id', 'credential_id', 'kind', 'level', 'generation'] },
  'identity.passed': { owner: 'verifier', data: ['actor', 'owner', 'capability_id', 'level', 'attempts', 'expires_at'] },
  'identity.failed': { owner: 'verifier', data: ['actor', 'owner', 'capability_id', 'level', 'attempts'] },
  'identity.locked': { owner: 'verifier', data: ['actor', 'owner', 'capability_id', 'level', 'attempts', 'until'] },
  'identity.revoked': { owner: 'verifier', data: ['actor', 'owner', 'capability_id'] },
  'consent.given': { owner: 'registry', data: ['actor', 'owner', 'capability_id', 'kind', 'count'] },
  'consent.withdrawn': { owner: 'registry', data: ['actor', 'owner', 'capability_id'] },
  'consumer.bound': { owner: 'registry', data: ['actor', 'credential_id', 'kind'] },
  'consumer.unbound': { owner: 'registry', data: ['actor', 'credential_id', 'kind'] },
  'consumer.orphaned': { owner: 'registry', data: ['actor', 'credential_id', 'kind', 'reason'] },
  'setup.started': { owner: 'registry', data: ['actor'] },
  'setup.moved': { owner: 'registry', data: ['actor', 'status', 'reason', 'provider_id', 'session_id', 'credential_id'] },
  'session.started': { owner: 'gateway', data: ['actor', 'credential_id', 'provider_id', 'confirm', 'expires_at'] },
  'session.completed': { owner: 'gateway', data: ['actor', 'credential_id', 'provider_id', 'candidate_id', 'confirm'] },
  'session.failed': {
    owner: 'gateway',
    data: ['actor', 'credential_id', 'provider_id', 'confirm', 'reason', 'upstream_error', 'upstream_status'],
  },
} as const

/** The closed list of facts. */
export type FactType = keyof typeof TABLE

/** Every fact with its owner and its data members; `coalesced` may stand in any of them. */
export const FACTS: Readonly<Record<FactType, FactEntry>> = TABLE

type Draft<T extends FactType> = {
  readonly type: T
  readonly data?: { readonly [M in (typeof TABLE)[T]['data'][number]]?: MemberValue<M> | undefined }
}

/** A fact as a use case states it: its type and the members that its row of the table allows. */
export type NewFact = { [T in FactType]: Draft<T> }[FactType]

/** The circumstances of a fact. `now` is the clock's wall time in milliseconds. */
export interface FactContext {
  readonly source: string
  readonly project: string
  readonly subject: string
  readonly now: number
  readonly random: Pick<Random, 'bytes'>
  /** Default: the trace in which the fact is made, so that it can be followed through the stream. */
  readonly traceparent?: string | undefined
}

/**
 * A whole fact with a new `evt_` id. What its row does not list, or does not fit the member's kind, is left out. Throws
 * TypeError when the source does not own the fact. `used` and `denied` are made with it and published directly: they are
 * derived from the audit log and have no document whose outbox could hold them.
 */
export function factOf(draft: NewFact, context: FactContext & { readonly seq: number }): Fact {
  if (FACTS[draft.type]?.owner !== context.source) throw new TypeError(`${context.source} does not own the fact ${draft.type}`)
  const { source, project, subject, seq, traceparent = traceHeaders().traceparent } = context
  return {
    id: newId('evt', (count) => context.random.bytes(count)),
    type: draft.type,
    source,
    project,
    subject,
    seq,
    time: new Date(context.now),
    data: allowedData(draft.type, draft.data ?? {}),
    ...(traceparent === undefined ? {} : { traceparent }),
  }
}

/** The members of `given` that this fact may carry, in wire form. */
export function allowedData(type: FactType, given: Readonly<Record<string, unknown>>): Record<string, DataValue> {
  const data: Record<string, DataValue> = {}
  for (const name of [...FACTS[type].data, 'coalesced'] as const) {
    const value = Object.hasOwn(given, name) ? memberText(name, given[name]) : undefined
    if (value !== undefined) data[name] = value
  }
  return data
}

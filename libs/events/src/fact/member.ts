/**
 * Every member that the data of a fact may have, and the kind of its value. A name that is not here does not compile,
 * and never leaves the process. No kind has room for a sentence, a header or a token with padding: an event is read by
 * people and programs that must not see a secret.
 */
export const MEMBERS = {
  account_changed: 'flag',
  actor: 'id',
  attempts: 'count',
  caller_id: 'id',
  candidate_id: 'id',
  capability_id: 'id',
  client_id: 'id',
  coalesced: 'count',
  confirm: 'code',
  consumers: 'count',
  count: 'count',
  credential_id: 'id',
  expired_at: 'time',
  expires_at: 'time',
  family: 'code',
  generation: 'count',
  grantee: 'id',
  issued_at: 'time',
  kind: 'code',
  level: 'code',
  outcome: 'code',
  owner: 'id',
  previous_owner: 'id',
  previous_version: 'count',
  provider_id: 'id',
  provider_version: 'count',
  reason: 'code',
  reconnect_url: 'url',
  retry_at: 'time',
  scope: 'code',
  session_id: 'id',
  since: 'time',
  status: 'code',
  until: 'time',
  upstream_error: 'code',
  upstream_status: 'count',
  version: 'count',
} as const

export type MemberName = keyof typeof MEMBERS

/** The type of a member in our own code; on the wire a time is RFC 3339 text. */
export type MemberValue<M extends MemberName> = {
  count: number
  flag: boolean
  id: string
  code: string
  time: Date
  url: string
}[(typeof MEMBERS)[M]]

export type DataValue = string | number | boolean

/** An id of ours, or words such as `project`, `role:member`, `service:token-refresher`. */
const ID = /^(?:[a-z]{2,5}_[0-9a-hjkmnp-tv-z]{26}|[a-z]{1,16}(?::[a-z_-]{1,24})?)$/
/** `invalid_grant`, `AADSTS70008`: what providers and we call a reason. */
const CODE = /^[A-Za-z][A-Za-z0-9_.-]{0,47}$/
const MAX_URL_LENGTH = 512

/**
 * The wire form of a member's value, or undefined when it does not fit its kind. A code from outside that is none
 * becomes `other`. It never throws: a fact with one member less is better than a change that is not written.
 */
export function memberText(name: MemberName, value: unknown): DataValue | undefined {
  switch (MEMBERS[name]) {
    case 'count':
      return Number.isSafeInteger(value) ? (value as number) : undefined
    case 'flag':
      return typeof value === 'boolean' ? value : undefined
    case 'id':
      return typeof value === 'string' && ID.test(value) ? value : undefined
    case 'code':
      if (typeof value !== 'string') return undefined
      return CODE.test(value) ? value : 'other'
    case 'time':
      return timeText(value)
    case 'url':
      return typeof value === 'string' && isPlainUrl(value) ? value : undefined
  }
}

function timeText(value: unknown): string | undefined {
  const time = typeof value === 'string' || value instanceof Date ? new Date(value) : undefined
  return time === undefined || Number.isNaN(time.getTime()) ? undefined : time.toISOString()
}

/** An address a person may be sent to; without the parts that could carry a secret (RFC 3986 §3.2.1, §3.4, §3.5). */
function isPlainUrl(text: string): boolean {
  const url = text.length > MAX_URL_LENGTH ? null : URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol)) return false
  return url.username === '' && url.password === '' && !/[?#]/.test(text)
}

import { isId } from '@credence/credential'
import { CodedError } from '@credence/errors'
import type { Principal } from '@credence/rpc'
import type { Clock, Random } from '@credence/service'
import type { AuditLog } from '../audit/audit-log.ts'
import { auditBase } from '../credential/record-change.ts'
import type { SigningKeys } from './signing-keys.ts'

/** What signing works with. */
export interface SigningContext {
  readonly signingKeys: SigningKeys
  readonly audit: AuditLog
  readonly clock: Clock
  readonly random: Random
  /** `iss` of every token, and of nothing else. */
  readonly publicUrl: string
}

export const WIDGET_AUDIENCE = 'credence-widget'
const MAX_LIFE_S = 3600
const MAX_CLAIMS_BYTES = 16 * 1024
const MAX_ORIGINS = 100
const MAX_CONTEXT = 200
/** The gateway's clock may be another machine's. */
const SKEW_S = 60

/**
 * Signs the claims of a widget token. The header is made here and the claims are read here: whoever holds the gateway can have
 * tokens for this audience, this project and one hour at most, and nothing else (`aud` of another purpose, a member that is
 * not on the list, or text that two readers could read differently). Throws SCOPE_REQUIRED without `mint`, INVALID_REQUEST.
 */
export async function signWidgetToken(
  vault: SigningContext,
  principal: Principal,
  claims: Uint8Array,
): Promise<{ readonly header: string; readonly signature: Buffer }> {
  if (!principal.scopes.includes('mint')) throw new CodedError('SCOPE_REQUIRED', 'This needs the scope `mint`.')
  checkClaims(claims, { issuer: vault.publicUrl, project: principal.project, nowS: Math.floor(vault.clock.now() / 1000) })
  const base = auditBase(vault, principal)
  await vault.audit.append({ ...base, phase: 'change', action: 'sign', credential: '', outcome: 'ok' })
  const payload = Buffer.from(claims).toString('base64url')
  const { input, signature } = await vault.signingKeys.sign(principal.project, 'widget', (kid) => `${headerOf(kid)}.${payload}`)
  return { header: input.slice(0, input.indexOf('.')), signature }
}

function headerOf(kid: string): string {
  return Buffer.from(JSON.stringify({ alg: 'EdDSA', kid, typ: 'JWT' })).toString('base64url')
}

interface Expected {
  readonly issuer: string
  readonly project: string
  readonly nowS: number
}

type Claims = Readonly<Record<string, unknown>>

function checkClaims(bytes: Uint8Array, expected: Expected): void {
  const claims = read(bytes)
  const wrong = Object.keys(claims).filter((name) => !(name in CHECKS))
  const failed = Object.entries(CHECKS).flatMap(([name, check]) => (check(claims[name], claims, expected) ? [] : [name]))
  if (wrong.length + failed.length > 0) throw refused([...wrong, ...failed])
}

/** One reading alone: a member given twice, or any other way of writing the same, is refused. */
function read(bytes: Uint8Array): Claims {
  if (bytes.byteLength > MAX_CLAIMS_BYTES) throw refused([''])
  const text = Buffer.from(bytes).toString('utf8')
  try {
    const value: unknown = JSON.parse(text)
    if (isObject(value) && JSON.stringify(value) === text) return value
  } catch {
    // Refused below, like everything that is no object.
  }
  throw refused([''])
}

const CHECKS: Readonly<Record<string, (value: unknown, claims: Claims, expected: Expected) => boolean>> = {
  iss: (value, _claims, { issuer }) => value === issuer,
  aud: (value) => value === WIDGET_AUDIENCE,
  project: (value, _claims, { project }) => value === project,
  sub: (value, { user }) => value === (user ?? 'guest'),
  user: (value) => value === undefined || (typeof value === 'string' && isId('usr', value)),
  iat: (value, _claims, { nowS }) => Number.isSafeInteger(value) && Math.abs(Number(value) - nowS) <= SKEW_S,
  exp: (value, { iat }) => Number.isSafeInteger(value) && Number(value) > Number(iat) && Number(value) <= Number(iat) + MAX_LIFE_S,
  jti: (value) => typeof value === 'string' && /^[\w-]{16,64}$/.test(value),
  origins: (value) => Array.isArray(value) && value.length <= MAX_ORIGINS && value.every(isOrigin),
  context: (value) => value === undefined || (isObject(value) && Object.entries(value).every(isContext)),
}

function isOrigin(value: unknown): boolean {
  return typeof value === 'string' && URL.parse(value)?.origin === value
}

function isContext([name, value]: [string, unknown]): boolean {
  return (name === 'agent' || name === 'channel') && typeof value === 'string' && value.length > 0 && value.length <= MAX_CONTEXT
}

function isObject(value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function refused(names: readonly string[]): CodedError {
  const faults = names.map((name) => ({
    pointer: name === '' ? '' : `/${name}`,
    code: 'NOT_ALLOWED',
    detail: 'This is no claim of a widget token of this project.',
  }))
  return new CodedError('INVALID_REQUEST', undefined, { faults })
}

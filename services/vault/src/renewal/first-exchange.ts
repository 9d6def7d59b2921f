import { CodedError, ERRORS } from '@credence/errors'
import { fillHosts, type Recipe } from '@credence/provider'
import type { Renewal } from '@credence/provider/renewal'
import { refusesGrant, type TokenAnswer } from '@credence/refresh-protocol'
import type { Principal } from '@credence/rpc'
import type { TokenTimes } from '../credential/child.ts'
import type { VaultContext } from '../credential/vault-context.ts'
import { audited } from '../grant/audited.ts'
import { fingerprint, tokenTimes } from '../grant/grant-secret.ts'
import type { ParsedTokenAnswer } from '../grant/token-answer.ts'
import { renewFromFields } from './from-fields.ts'
import type { Renewed } from './renewed.ts'

export interface FirstExchange {
  readonly credentialId: string
  readonly candidateId: string
  readonly recipe: Recipe
  readonly renewal: Renewal
  readonly plain: Readonly<Record<string, string>>
  readonly secret: ReadonlyMap<string, Buffer>
  /** The capability that it is granted to; absent or empty: none. */
  readonly capability?: string
  /** When the fields themselves end, where somebody said so. */
  readonly expiresAt?: Date
}

/** Long enough for a slow provider, shorter than a caller waits. */
const DEADLINE_MS = 20_000

/**
 * Exchanges the fields of a candidate before anything is stored. Answers what is to be sealed beside them. Throws
 * EXCHANGE_REFUSED and the like: nothing was stored then.
 */
export async function firstExchange(
  vault: VaultContext,
  principal: Principal,
  order: FirstExchange,
): Promise<{ obtained: ReadonlyMap<string, Buffer>; token: TokenTimes }> {
  return audited(vault, principal, aboutOf(order), async () => {
    const { parsed, obtained } = await exchange(vault, principal, order)
    return { obtained, token: timesOf(vault, order, parsed) }
  })
}

function aboutOf({ credentialId: credential, capability }: FirstExchange): { credential: string; capabilities?: readonly string[] } {
  return capability === undefined || capability === '' ? { credential } : { credential, capabilities: [capability] }
}

async function exchange(
  vault: VaultContext,
  { project }: Principal,
  order: FirstExchange,
): Promise<{ parsed: ParsedTokenAnswer; obtained: ReadonlyMap<string, Buffer> }> {
  const { recipe, renewal, plain, secret } = order
  const fields = new Map<string, Uint8Array>([
    ...Object.entries(plain).map(([name, text]) => [name, Buffer.from(text)] as const),
    ...secret,
  ])
  const hosts = fillHosts(recipe, plain).token
  const renewed = await renewFromFields(vault, { project, recipe, renewal, plain, hosts, fields, deadlineMs: DEADLINE_MS })
  if (renewed.kind !== 'answered' || renewed.parsed.obtained === undefined) throw refusal(renewed)
  return { parsed: renewed.parsed, obtained: renewed.parsed.obtained }
}

/** What the token was obtained with takes the refresh token's place: it tells which of two secrets an answer belongs to. */
function timesOf(vault: VaultContext, order: FirstExchange, parsed: ParsedTokenAnswer): TokenTimes {
  const { recipe, renewal, credentialId, candidateId, expiresAt } = order
  const rtId = fingerprint(vault.digestKey, credentialId, Buffer.from(candidateId))
  const scopes = renewal.kind === 'steps' ? [] : renewal.scopes
  const token = tokenTimes(parsed, recipe, { now: vault.clock.now(), scopes, rtId, clientGeneration: 0 })
  return expiresAt === undefined ? token : { ...token, grantEndsAt: expiresAt }
}

/** The error for whoever connects: which step, which status, and the sentence that the provider's payload has for it. */
function refusal(renewed: Renewed): CodedError {
  if (renewed.kind === 'not_sent') return unsent(renewed)
  const { answer } = renewed.parsed
  const { step, sentence, missing } = renewed.refusal ?? {}
  const status = 'status' in answer ? answer.status : 0
  const where = step === undefined ? 'The token endpoint' : `Step \`${step}\``
  const facts = {
    upstream_status: String(status),
    ...(step === undefined ? {} : { step }),
    ...(answer.kind === 'error' ? { provider_error: answer.code } : {}),
  }
  if (missing !== undefined) return new CodedError('TOKEN_ANSWER_UNUSABLE', `${where} answered without \`${missing}\`.`, { facts })
  if (status === 429) return new CodedError('THROTTLED', `${where} asks to wait.`, { facts, ...waitOf(answer) })
  if (answer.kind !== 'error') return new CodedError('TOKEN_ANSWER_UNUSABLE', undefined, { facts })
  if (refusesGrant(answer))
    return new CodedError('EXCHANGE_REFUSED', sentence ?? `${where} refused the values (${answer.code}).`, { facts })
  return new CodedError('TOKEN_ENDPOINT_REFUSED', `${where} answered ${status} (${answer.code}).`, { facts })
}

function waitOf(answer: TokenAnswer): { readonly retryAfterMs?: number } {
  return 'retryAfterMs' in answer && answer.retryAfterMs !== undefined ? { retryAfterMs: answer.retryAfterMs } : {}
}

/** What our own rules refused is said by its name; the rest is a provider that cannot be reached. */
function unsent({ cause, code, step }: Extract<Renewed, { kind: 'not_sent' }>): CodedError {
  const facts = step === undefined ? {} : { step }
  const where = step === undefined ? 'The token endpoint' : `Step \`${step}\``
  if (code === 'UPSTREAM_BOMB') return new CodedError(code, `${where} answered more than is read of it.`, { facts })
  if (code === 'TOKEN_ANSWER_UNUSABLE')
    return new CodedError(code, `${where} needs a value that was obtained and cannot be sent.`, { facts })
  if (code !== undefined && ERRORS[code].kind !== 'world') return new CodedError(code, undefined, { facts })
  const said = code === 'UPSTREAM_TIMEOUT' ? code : 'UPSTREAM_UNREACHABLE'
  return new CodedError(said, step === undefined ? undefined : `${where} got no answer. ${ERRORS[said].advice}`, {
    facts: { cause, ...facts },
  })
}

import { CodedError } from '@credence/errors'
import type { Credential } from '@credence/proto/credential'
import type { ReserveResponse } from '@credence/proto/registry'
import type { VerifyResponse } from '@credence/proto/verifier'
import { splitFields } from '@credence/provider'
import { callAs, type Principal } from '@credence/rpc'
import type { Clock } from '@credence/service'
import type { Intake } from '../intake/intake.ts'
import { present, type Services } from '../services.ts'
import type { Addresses } from './addresses.ts'
import { offerOf } from './offer.ts'
import { SESSION_LIFE_MS } from './session-store.ts'

interface Parts {
  readonly services: Services
  readonly addresses: Addresses
  readonly clock: Clock
}

/** What a backend asks for that has the values at hand: no page and no session. */
export interface DirectConnect {
  readonly providerId: string
  /** Set: the secret of this credential is replaced. */
  readonly credentialId: string
  readonly pattern: number
  readonly label: string
  readonly level: string
  readonly tags: Readonly<Record<string, string>>
  readonly requestId: string
  /** What stands for the session that there is none of: the id of a setup. */
  readonly sessionId?: string
  readonly expiresAt?: Date | undefined
  /** Keep it although the provider could not be asked. */
  readonly allowUnverified: boolean
  readonly confirmAccountChange: boolean
}

/** A vault that exchanges the values waits for the provider. */
const SEAL_TIMEOUT_MS = 60_000
const VERIFY_TIMEOUT_MS = 60_000

/**
 * Reserves, seals, verifies and connects in one call. Throws INVALID_REQUEST naming every field at fault, VERIFY_FAILED with
 * the cause, THROTTLED or UPSTREAM_UNREACHABLE when the provider could not say; the secret in force is untouched by all of them.
 */
export async function connectDirectly(
  parts: Parts,
  principal: Principal,
  { intake, ...wanted }: DirectConnect & { readonly intake: Intake },
): Promise<Credential> {
  const { registry, vault } = parts.services
  const as = callAs(principal)
  refusePast(wanted.expiresAt, parts.clock.now())
  const { providerId, credentialId, pattern, label, level, tags, requestId } = wanted
  const reserved = await registry.reserve({ providerId, credentialId, pattern, label, level, tags: { ...tags }, requestId }, as)
  const recipe = offerOf(reserved.payloadJson, { providerId, version: reserved.providerVersion }).recipe(pattern)
  if (recipe.oauth !== undefined) {
    const detail = 'An OAuth pattern is connected by a person: create a session and open its link.'
    throw new CodedError('INVALID_REQUEST', undefined, { faults: [{ pointer: '/pattern', code: 'NOT_ALLOWED', detail }] })
  }
  const split = splitFields(recipe, intake.names)
  if (split.faults.length > 0) throw new CodedError('INVALID_REQUEST', undefined, { faults: split.faults })
  const { candidateId } = await vault.seal(
    {
      credentialId: reserved.credentialId,
      recipeId: reserved.recipeId,
      plainFields: intake.plainFields(split.plain),
      secretFields: intake.secretFields(split.secret),
      until: new Date(parts.clock.now() + SESSION_LIFE_MS),
      requestId: requestId === '' ? '' : `${requestId}/seal`,
      expiresAt: wanted.expiresAt,
    },
    callAs(principal, { timeoutMs: SEAL_TIMEOUT_MS }),
  )
  try {
    return await proveAndConnect(parts, principal, { reserved, candidateId, wanted })
  } catch (error) {
    await vault.destroy({ credentialId: reserved.credentialId, candidateId }, callAs(principal)).catch(() => undefined)
    throw error
  }
}

function refusePast(expiresAt: Date | undefined, now: number): void {
  if (expiresAt === undefined || expiresAt.getTime() > now) return
  const fault = {
    pointer: '/expires_at',
    code: 'INVALID_VALUE',
    detail: 'Write a time that is yet to come; this secret has ended already.',
  }
  throw new CodedError('INVALID_REQUEST', undefined, { faults: [fault] })
}

async function proveAndConnect(
  { services, addresses }: Parts,
  principal: Principal,
  { reserved, candidateId, wanted }: { reserved: ReserveResponse; candidateId: string; wanted: DirectConnect },
): Promise<Credential> {
  const { credentialId, providerVersion } = reserved
  const { providerId, pattern, confirmAccountChange } = wanted
  const verdict = await services.verifier.verify(
    { credentialId, candidateId, providerId, providerVersion, pattern },
    callAs(principal, { timeoutMs: VERIFY_TIMEOUT_MS }),
  )
  refuseUnproven(verdict, wanted.allowUnverified)
  await addresses.remember({ id: credentialId, project: principal.project, user: reserved.owner?.user ?? principal.user, providerId })
  const verified = verdict.verdict === 'ok'
  const answer = await services.registry.connect(
    {
      credentialId,
      candidateId,
      sessionId: wanted.sessionId ?? '',
      account: verdict.account,
      verified,
      confirmAccountChange,
      providerVersion,
      pattern,
    },
    callAs(principal),
  )
  return present(answer.credential, 'credential')
}

/** For programs; whoever reads a page is told the sentence before it alone. */
export const KEEP_IT_UNCHECKED: string = ' Send `allow_unverified: true` to keep it unchecked.'

function refuseUnproven({ verdict, cause, sentence, httpStatus }: VerifyResponse, allowUnverified: boolean): void {
  const facts = { cause, upstream_status: String(httpStatus) }
  if (verdict === 'failed') throw new CodedError('VERIFY_FAILED', sentence, { facts })
  if (verdict !== 'undecided' || allowUnverified) return
  const code = cause === 'throttled' ? 'THROTTLED' : 'UPSTREAM_UNREACHABLE'
  throw new CodedError(code, `${sentence}${KEEP_IT_UNCHECKED}`, { facts })
}

import { CodedError } from '@credence/errors'
import { fillHosts, fillUrl, type Recipe, type RecipeOAuth } from '@credence/provider'
import type { TokenAnswer } from '@credence/refresh-protocol'
import type { Principal } from '@credence/rpc'
import { span } from '@credence/service'
import type { Stored } from '@credence/store'
import { unpackFields } from '../credential/secret-fields.ts'
import { audited } from './audited.ts'
import { DEVICE_CODE } from './begin-device.ts'
import { type GrantContext, grantBinding, refuseClosed } from './grant-context.ts'
import type { PendingGrant } from './pending-grant.ts'
import { type CompletedGrant, sealGrant } from './seal-grant.ts'
import { type ParsedTokenAnswer, parseTokenAnswer } from './token-answer.ts'
import { postToken } from './token-endpoint.ts'
import { resourceOf } from './token-request.ts'

export type Polled = { readonly completed: CompletedGrant } | { readonly nextAt: Date }

const DEADLINE_MS = 20_000
/** RFC 8628 §3.5: `slow_down` adds five seconds, for this request and all after it. */
const SLOWER_MS = 5_000
const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:device_code'

type Device = Stored<PendingGrant> & { readonly device: NonNullable<PendingGrant['device']> }

/**
 * Asks once, and never faster than the server allows: whoever comes early, or beside another replica, only learns when to come
 * again. Ends the sign-in at a denial and at its end.
 */
export async function pollGrant(vault: GrantContext, principal: Principal, order: { sessionId: string; id: string }): Promise<Polled> {
  const found = await vault.pendingGrants.get(order.id)
  if (found?.device === undefined || found.project !== principal.project || found.session !== order.sessionId)
    throw new CodedError('STATE_REFUSED')
  const pending: Device = { ...found, device: found.device }
  const now = vault.clock.now()
  if (pending.until.getTime() <= now) {
    await vault.pendingGrants.take(pending.id)
    throw new CodedError('SESSION_EXPIRED', 'The code was not entered in time.')
  }
  if (pending.device.nextAt.getTime() > now) return { nextAt: pending.device.nextAt }
  // The turn is taken before the request, so that two replicas never ask in one interval.
  const turn = withPace(pending, { intervalMs: pending.device.intervalMs, now })
  if (!(await vault.pendingGrants.replace(turn, found))) return { nextAt: turn.device.nextAt }
  return ask(vault, principal, turn)
}

function withPace<T extends PendingGrant>(
  { ...grant }: T,
  at: { intervalMs: number; now: number },
): Omit<T, 'rev'> & Pick<Device, 'device'> {
  const { rev: _rev, ...doc } = grant as T & { rev?: unknown }
  return { ...doc, device: { intervalMs: at.intervalMs, nextAt: new Date(at.now + at.intervalMs) } }
}

async function ask(vault: GrantContext, principal: Principal, pending: PendingGrant & Pick<Device, 'device'>): Promise<Polled> {
  const recipe = await vault.recipes.get(pending.recipe)
  const { oauth } = recipe
  if (oauth === undefined) throw new CodedError('STATE_REFUSED')
  await refuseClosed(vault, pending)
  using client = await vault.clients.open(oauth.clientId, pending.project)
  const parsed = await exchange(vault, { pending, recipe, oauth }, client)
  if (parsed === undefined) return slower(vault, pending, pending.device.intervalMs)
  const { answer } = parsed
  if (answer.kind === 'error' && answer.code === 'authorization_pending') return { nextAt: pending.device.nextAt }
  if (answer.kind === 'error' && answer.code === 'slow_down') return slower(vault, pending, SLOWER_MS)
  if (isForLater(answer)) return slower(vault, pending, pending.device.intervalMs)
  // Decided, one way or the other: whoever takes the row out finishes it.
  if ((await vault.pendingGrants.take(pending.id)) === undefined) throw new CodedError('STATE_REFUSED')
  const { credential, capability } = pending
  const about = { credential, ...(capability === undefined ? {} : { capabilities: [capability] }) }
  const completed = await audited(vault, principal, about, async () => {
    if (answer.kind !== 'tokens') throw refusal(answer.kind === 'error' ? answer.code : undefined)
    return sealGrant(vault, principal, { pending, recipe, oauth, parsed, client })
  })
  return { completed }
}

/** What ends a sign-in under any status. */
const DECIDED: readonly string[] = ['access_denied', 'expired_token', 'invalid_grant']

/** A server that is sick or busy, in whatever words, has decided nothing: the person may still be at the code. */
function isForLater(answer: TokenAnswer): boolean {
  if (answer.kind !== 'error' && answer.kind !== 'unreadable') return false
  if (answer.kind === 'error' && DECIDED.includes(answer.code)) return false
  return answer.status >= 500 || answer.status === 429 || (answer.kind === 'error' && answer.code === 'temporarily_unavailable')
}

function refusal(code: string | undefined): CodedError {
  const facts = { facts: { provider_error: code ?? 'unreadable' } }
  if (code === 'access_denied')
    return new CodedError('GRANT_DENIED', 'The access was not allowed at the provider. Nothing was connected.', facts)
  if (code === 'expired_token') return new CodedError('SESSION_EXPIRED', 'The code was not entered in time.', facts)
  if (code === undefined) return new CodedError('TOKEN_ANSWER_UNUSABLE', undefined, facts)
  return new CodedError('TOKEN_ENDPOINT_REFUSED', `The provider refused the sign-in (${code}).`, facts)
}

/** Also after a request without an answer (RFC 8628 §3.5): a server that is away is not asked at the same pace. */
async function slower(vault: GrantContext, pending: PendingGrant & Pick<Device, 'device'>, byMs: number): Promise<Polled> {
  const paced = withPace(pending, { intervalMs: pending.device.intervalMs + byMs, now: vault.clock.now() })
  const current = await vault.pendingGrants.get(pending.id)
  if (current !== undefined) await vault.pendingGrants.replace(paced, current)
  return { nextAt: paced.device.nextAt }
}

/** Undefined: no answer came. */
async function exchange(
  vault: GrantContext,
  { pending, recipe, oauth }: { pending: PendingGrant; recipe: Recipe; oauth: RecipeOAuth },
  client: { oauthClientId: string; secret: Buffer },
): Promise<ParsedTokenAnswer | undefined> {
  const { token: hosts } = fillHosts(recipe, pending.plain)
  const binding = grantBinding(pending, recipe)
  using dataKey = await vault.envelope.dataKey(pending.sealed, binding)
  const opened = await dataKey.open(pending.sealed, binding)
  try {
    const code = unpackFields(opened).get(DEVICE_CODE)
    if (code === undefined) throw new CodedError('STATE_REFUSED')
    const parameters = [{ name: 'grant_type', value: Buffer.from(GRANT_TYPE) }, { name: 'device_code', value: code }, ...resourceOf(oauth)]
    const url = fillUrl(recipe, oauth.tokenUri, pending.plain)
    const post = { project: pending.project, url, hosts, parameters, client, style: oauth, deadlineMs: DEADLINE_MS }
    const result = await span('vault.token_request', { credential_id: pending.credential }, () =>
      postToken(vault.egress, post, vault.random),
    )
    if (result.kind !== 'answered') return undefined
    const parsed = parseTokenAnswer(result.raw, { oauth, refresh: recipe.refresh }, { now: vault.clock.now(), sentRefreshToken: code })
    result.raw.body.fill(0)
    return parsed
  } finally {
    opened.fill(0)
  }
}

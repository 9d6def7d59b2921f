import { createHash } from 'node:crypto'
import { CodedError } from '@credence/errors'
import { fillHosts, fillUrl, type Recipe, type RecipeOAuth } from '@credence/provider'
import type { Principal } from '@credence/rpc'
import { span } from '@credence/service'
import { unpackFields } from '../credential/secret-fields.ts'
import { audited } from './audited.ts'
import { VERIFIER } from './begin-grant.ts'
import { type GrantContext, grantBinding, refuseClosed } from './grant-context.ts'
import type { PendingGrant } from './pending-grant.ts'
import { type CompletedGrant, sealGrant } from './seal-grant.ts'
import { type ParsedTokenAnswer, parseTokenAnswer, safeCode } from './token-answer.ts'
import { postToken, unanswered } from './token-endpoint.ts'
import { resourceOf } from './token-request.ts'

export interface GrantAnswer {
  readonly sessionId: string
  readonly state: string
  readonly code: string
  /** RFC 9207; empty when the answer had none. */
  readonly iss: string
  /** The provider's refusal in place of a code; empty when there is one. */
  readonly error: string
}

const DEADLINE_MS = 20_000

/** Redeems the code, once, and seals the tokens as a candidate. The state is taken before anything is sent. */
export async function completeGrant(vault: GrantContext, principal: Principal, answer: GrantAnswer): Promise<CompletedGrant> {
  const pending = await vault.pendingGrants.take(createHash('sha256').update(answer.state).digest('hex'))
  if (pending === undefined || pending.project !== principal.project || pending.session !== answer.sessionId)
    throw new CodedError('STATE_REFUSED')
  if (pending.until.getTime() <= vault.clock.now()) throw new CodedError('SESSION_EXPIRED')
  const recipe = await vault.recipes.get(pending.recipe)
  const oauth = recipe.oauth
  if (oauth === undefined) throw new CodedError('STATE_REFUSED')
  // RFC 9207 §2.4: compared as strings. A provider that declares its issuer is known to name itself, so silence is refused too.
  if (oauth.issuer !== undefined && answer.iss !== oauth.issuer) throw new CodedError('ISSUER_MISMATCH')
  await refuseClosed(vault, pending)
  const { credential, capability } = pending
  const about = { credential, ...(capability === undefined ? {} : { capabilities: [capability] }) }
  return audited(vault, principal, about, () =>
    redeem(vault, principal, { pending, recipe, oauth, code: answer.code, error: answer.error }),
  )
}

interface Redemption {
  readonly pending: PendingGrant
  readonly recipe: Recipe
  readonly oauth: RecipeOAuth
  readonly code: string
  readonly error: string
}

async function redeem(vault: GrantContext, principal: Principal, order: Redemption): Promise<CompletedGrant> {
  if (order.error !== '') {
    // RFC 6749 §4.1.2.1 names them.
    const provider_error = safeCode(order.error)
    throw new CodedError('GRANT_DENIED', `The provider did not go on (${provider_error}). Nothing was connected.`, {
      facts: { provider_error },
    })
  }
  const { pending, recipe, oauth } = order
  using client = await vault.clients.open(oauth.clientId, pending.project)
  const parsed = await exchange(vault, order, client)
  // Awaited here: the client is open until then.
  return await sealGrant(vault, principal, { pending, recipe, oauth, parsed, client })
}

async function exchange(
  vault: GrantContext,
  order: Redemption,
  client: { oauthClientId: string; secret: Buffer },
): Promise<ParsedTokenAnswer> {
  const { pending, recipe, oauth } = order
  const { token: hosts } = fillHosts(recipe, pending.plain)
  const binding = grantBinding(pending, recipe)
  using dataKey = await vault.envelope.dataKey(pending.sealed, binding)
  const opened = await dataKey.open(pending.sealed, binding)
  const result = await span('vault.token_request', { credential_id: pending.credential }, () =>
    postToken(
      vault.egress,
      {
        project: pending.project,
        url: fillUrl(recipe, oauth.tokenUri, pending.plain),
        hosts,
        parameters: [
          { name: 'grant_type', value: Buffer.from('authorization_code') },
          { name: 'code', value: Buffer.from(order.code) },
          { name: 'redirect_uri', value: Buffer.from(pending.redirectUri) },
          { name: 'code_verifier', value: unpackFields(opened).get(VERIFIER)! },
          ...resourceOf(oauth),
        ],
        client,
        style: oauth,
        deadlineMs: DEADLINE_MS,
      },
      vault.random,
    ),
  ).finally(() => opened.fill(0))
  if (result.kind !== 'answered') throw unanswered(result)
  const parsed = parseTokenAnswer(result.raw, { oauth, refresh: recipe.refresh }, { now: vault.clock.now() })
  result.raw.body.fill(0)
  const { answer } = parsed
  if (answer.kind === 'tokens') return parsed
  if (answer.kind === 'error') {
    throw new CodedError('TOKEN_ENDPOINT_REFUSED', `The provider refused the sign-in (${answer.code}).`, {
      facts: { provider_error: answer.code },
    })
  }
  throw new CodedError('TOKEN_ANSWER_UNUSABLE')
}

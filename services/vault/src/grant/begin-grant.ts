import { createHash } from 'node:crypto'
import { CodedError, type Fault } from '@credence/errors'
import { fillHosts, fillUrl, type Recipe, type RecipeOAuth, splitFields } from '@credence/provider'
import type { Principal } from '@credence/rpc'
import { plainFaults, valueFaults } from '../credential/seal.ts'
import { packFields } from '../credential/secret-fields.ts'
import { beginDevice } from './begin-device.ts'
import { type BegunGrant, type GrantContext, type GrantOrder, grantBinding, refuseClosed } from './grant-context.ts'

/** How long a person may take at the provider. */
const PENDING_MS = 10 * 60_000
const STATE_BYTES = 32
export const VERIFIER = 'code_verifier'

/** Makes state and PKCE verifier, 256 bits each, and the authorize URL (RFC 6749 §4.1.1, RFC 7636 with S256 always). */
export async function beginGrant(vault: GrantContext, principal: Principal, order: GrantOrder): Promise<BegunGrant> {
  const recipe = await vault.recipes.get(order.recipeId)
  const oauth = recipe.oauth
  if (oauth === undefined) throw new CodedError('INVALID_REQUEST', 'This auth pattern does not sign in at a provider.')
  const scopes = checkedScopes(oauth, order.scopes)
  checkFields(recipe, order.plain)
  const oauthClientId = await vault.clients.oauthClientId(oauth.clientId, principal.project)
  if (oauth.deviceUri !== undefined) return beginDevice(vault, principal, { ...order, scopes, recipe, oauth, deviceUri: oauth.deviceUri })
  const { credentialId: credential, sessionId: session, redirectUri, plain } = order
  await refuseClosed(vault, { credential, project: principal.project })
  const state = Buffer.from(vault.random.bytes(STATE_BYTES)).toString('base64url')
  const verifier = Buffer.from(Buffer.from(vault.random.bytes(STATE_BYTES)).toString('base64url'))
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  const stateSha256 = createHash('sha256').update(state).digest('hex')
  const until = new Date(vault.clock.now() + PENDING_MS)
  const { project } = principal
  const asked = { id: stateSha256, v: 1, project, credential, session, recipe: order.recipeId, plain, scopes, redirectUri, until }
  await vault.keys.holding(async () => {
    const { sealed, dataKey } = await vault.envelope.seal(packFields(new Map([[VERIFIER, verifier]])), grantBinding(asked, recipe))
    dataKey[Symbol.dispose]()
    await vault.pendingGrants.insert({ ...asked, sealed, ...(order.capabilityId ? { capability: order.capabilityId } : {}) })
  })
  verifier.fill(0)
  const url = new URL(fillUrl(recipe, oauth.authorizeUri, plain))
  const parameters = {
    ...oauth.authorizeParams,
    ...(oauth.resource === undefined ? {} : { resource: oauth.resource }),
    response_type: 'code',
    client_id: oauthClientId,
    redirect_uri: redirectUri,
    ...(scopes.length === 0 ? {} : { scope: scopes.join(oauth.scopeSeparator) }),
    state,
    code_challenge: challenge,
    code_challenge_method: 'S256',
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return { authorizeUrl: url.href, stateSha256, expiresAt: until }
}

function checkedScopes(oauth: RecipeOAuth, asked: readonly string[]): string[] {
  const known = new Set(oauth.availableScopes.map(({ scope }) => scope))
  const faults: Fault[] = asked.flatMap((scope, i) =>
    known.has(scope) ? [] : [{ pointer: `/scopes/${i}`, code: 'unknown_scope', detail: 'Ask only for scopes that the provider lists.' }],
  )
  if (faults.length > 0) throw new CodedError('INVALID_REQUEST', undefined, { faults })
  const required = oauth.availableScopes.filter((scope) => scope.required).map(({ scope }) => scope)
  const optional = oauth.availableScopes.map(({ scope }) => scope).filter((scope) => asked.includes(scope) && !required.includes(scope))
  return [...required, ...optional]
}

/** An empty value is as good as none; `fillHosts` refuses those that no address can be made of. */
function checkFields(recipe: Recipe, plain: Readonly<Record<string, string>>): void {
  const given = Object.keys(plain).filter((name) => plain[name] !== '')
  const values = Object.entries(plain).map(([name, text]) => [name, Buffer.from(text)] as const)
  const faults = [...plainFaults(recipe, plain), ...splitFields(recipe, given).faults, ...valueFaults(recipe, values)]
  if (faults.length > 0) throw new CodedError('FIELD_REFUSED', undefined, { faults })
  fillHosts(recipe, plain)
}

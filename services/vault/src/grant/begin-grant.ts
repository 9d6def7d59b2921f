import { createHash } from 'node:crypto'
import { CodedError, type Fault } from '@credence/errors'
import { fillUrl, type Recipe, type RecipeOAuth, splitFields } from '@credence/provider'
import type { Principal } from '@credence/rpc'
import type { Binding } from '../credential/envelope.ts'
import { packFields } from '../credential/secret-fields.ts'
import type { VaultContext } from '../credential/vault-context.ts'
import type { PendingGrants } from './pending-grant.ts'

export interface GrantOrder {
  readonly credentialId: string
  readonly recipeId: string
  readonly sessionId: string
  /** Beyond the required ones, which are always asked for. */
  readonly scopes: readonly string[]
  readonly plain: Readonly<Record<string, string>>
  readonly redirectUri: string
}

export interface BegunGrant {
  readonly authorizeUrl: string
  readonly stateSha256: string
  readonly expiresAt: Date
}

export interface GrantContext extends VaultContext {
  readonly pendingGrants: PendingGrants
}

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
  using client = await vault.clients.open(oauth.clientId, principal.project)
  const state = Buffer.from(vault.random.bytes(STATE_BYTES)).toString('base64url')
  const verifier = Buffer.from(Buffer.from(vault.random.bytes(STATE_BYTES)).toString('base64url'))
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  const stateSha256 = createHash('sha256').update(state).digest('hex')
  const { sealed, dataKey } = await vault.envelope.seal(
    packFields(new Map([[VERIFIER, verifier]])),
    grantBinding(principal.project, stateSha256),
  )
  dataKey[Symbol.dispose]()
  verifier.fill(0)
  const until = new Date(vault.clock.now() + PENDING_MS)
  const { credentialId: credential, sessionId: session, redirectUri, plain } = order
  await vault.pendingGrants.insert({
    id: stateSha256,
    v: 1,
    project: principal.project,
    credential,
    session,
    recipe: order.recipeId,
    plain,
    scopes,
    redirectUri,
    sealed,
    until,
  })
  const url = new URL(fillUrl(recipe, oauth.authorizeUri, plain))
  const parameters = {
    ...oauth.authorizeParams,
    response_type: 'code',
    client_id: client.oauthClientId,
    redirect_uri: redirectUri,
    ...(scopes.length === 0 ? {} : { scope: scopes.join(oauth.scopeSeparator) }),
    state,
    code_challenge: challenge,
    code_challenge_method: 'S256',
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return { authorizeUrl: url.href, stateSha256, expiresAt: until }
}

export function grantBinding(project: string, stateSha256: string): Binding {
  return { project, credential: stateSha256, version: 0, kind: 'grant', recipe: '', hosts: '' }
}

function checkedScopes(oauth: RecipeOAuth, asked: readonly string[]): string[] {
  const known = new Set(oauth.availableScopes.map(({ scope }) => scope))
  const faults: Fault[] = asked
    .filter((scope) => !known.has(scope))
    .map((_scope, i) => ({ pointer: `/scopes/${i}`, code: 'unknown_scope', detail: 'Ask only for scopes that the provider lists.' }))
  if (faults.length > 0) throw new CodedError('INVALID_REQUEST', undefined, { faults })
  const required = oauth.availableScopes.filter((scope) => scope.required).map(({ scope }) => scope)
  const optional = oauth.availableScopes.map(({ scope }) => scope).filter((scope) => asked.includes(scope) && !required.includes(scope))
  return [...required, ...optional]
}

function checkFields(recipe: Recipe, plain: Readonly<Record<string, string>>): void {
  const { faults } = splitFields(recipe, Object.keys(plain))
  if (faults.length > 0) throw new CodedError('FIELD_REFUSED', undefined, { faults })
}

import { CodedError, isCoded } from '@credence/errors'
import type { BeginGrantResponse } from '@credence/proto/grant'
import { splitFields } from '@credence/provider'
import { callAs } from '@credence/rpc'
import type { Stored } from '@credence/store'
import type { Intake } from '../intake/intake.ts'
import type { Browser } from './browser.ts'
import { keepDevice } from './device.ts'
import { spent } from './fail-session.ts'
import { askAgain, begin, type Flow, offerFor } from './flow.ts'
import { actingFor, type ConnectSession, type LastTry } from './session.ts'
import { problemsOf } from './submit-secret.ts'

/** What the person's click leads to: the provider's page, or the form again. */
export type GrantStart = { readonly authorizeUrl: string } | { readonly session: Stored<ConnectSession> }

/**
 * Starts an authorization: the vault makes `state`, PKCE and the address. A second start, from a second window or after a
 * closed pop-up, makes the first one's state worthless.
 */
export async function beginGrant(
  flow: Flow,
  found: Stored<ConnectSession>,
  input: { readonly browser: Browser; readonly pattern: number; readonly intake: Intake },
): Promise<GrantStart> {
  const { session, reserved } = await begin(flow, found, input)
  const recipe = (await offerFor(flow, session)).recipe(reserved.pattern)
  if (recipe.oauth === undefined) throw new CodedError('SESSION_REFUSED', 'This provider is connected with a form.')
  const split = splitFields(recipe, input.intake.names)
  const scopes = grantedScopes(recipe.oauth.availableScopes, input.intake.beside.scope)
  const tried: LastTry = { plain: input.intake.plainFields(split.plain), scopes }
  if (split.faults.length > 0) return { session: await askAgain(flow, session, { ...tried, ...problemsOf(split.faults) }) }
  const order = {
    credentialId: reserved.credentialId,
    recipeId: reserved.recipeId,
    sessionId: session.id,
    scopes,
    plainFields: tried.plain,
    redirectUri: reserved.redirectUri,
    capabilityId: session.capabilityId ?? '',
  }
  let answer: BeginGrantResponse
  try {
    answer = await flow.services.vault.beginGrant(order, callAs(actingFor(session)))
  } catch (error) {
    if (!isCoded(error, 'FIELD_REFUSED')) throw error
    return { session: await askAgain(flow, session, { ...tried, ...problemsOf(error.details.faults ?? []) }) }
  }
  const { device, stateSha256, expiresAt } = answer
  if (device !== undefined) return { session: await keepDevice(flow, session, { device, grant: stateSha256, until: expiresAt, tried }) }
  await flow.sessions.change(session, {
    state: 'at_provider',
    stateHash: stateSha256,
    spentStates: spent(session),
    lastTry: tried,
    device: undefined,
  })
  return { authorizeUrl: answer.authorizeUrl }
}

/** The ticked scopes in the provider's order; required ones stand whatever was sent. */
function grantedScopes(available: readonly { readonly scope: string; readonly required: boolean }[], ticked: unknown): string[] {
  const chosen = new Set(Array.isArray(ticked) ? ticked.map(String) : [])
  return available.flatMap(({ scope, required }) => (required || chosen.has(scope) ? [scope] : []))
}

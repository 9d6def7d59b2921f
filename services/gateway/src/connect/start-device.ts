import { CodedError } from '@credence/errors'
import { splitFields } from '@credence/provider'
import { callAs, type Principal } from '@credence/rpc'
import { keepDevice } from './device.ts'
import { type Flow, offerFor, requireState, reserve } from './flow.ts'
import { getSession } from './follow-session.ts'
import { actingFor, type ConnectSession } from './session.ts'

/**
 * Begins a sign-in on another device without a page: for terminals and conversations. Throws SESSION_REFUSED for a session
 * that wants a confirmation, which only a page can show; INVALID_REQUEST for a pattern that is connected in another way.
 */
export async function startDevice(
  flow: Flow,
  principal: Principal,
  order: { readonly sessionId: string; readonly scopes: readonly string[]; readonly plainFields: Readonly<Record<string, string>> },
): Promise<ConnectSession> {
  const session = await getSession(flow, principal, order.sessionId)
  requireState(flow, session, ['open', 'at_provider'])
  if (session.confirm !== 'none')
    throw new CodedError('SESSION_REFUSED', 'Open the link: only a session with `confirm: none` goes without its page.')
  const offer = await offerFor(flow, session)
  const pattern = session.wantedPattern ?? offer.patterns.find(({ index }) => offer.recipe(index).oauth?.deviceUri !== undefined)?.index
  if (pattern === undefined || offer.recipe(pattern).oauth?.deviceUri === undefined) {
    const detail = 'Name a pattern whose `grant_type` is `device_code`; this one is connected at the page.'
    throw new CodedError('INVALID_REQUEST', undefined, { faults: [{ pointer: '/pattern', code: 'NOT_ALLOWED', detail }] })
  }
  const { session: begun, reserved } = await reserve(flow, session, pattern)
  const recipe = offer.recipe(pattern)
  const { faults } = splitFields(recipe, Object.keys(order.plainFields))
  if (faults.length > 0) throw new CodedError('FIELD_REFUSED', undefined, { faults })
  const scopes = [...new Set([...begun.scopes, ...order.scopes])]
  const { credentialId, recipeId, redirectUri } = reserved
  const { capabilityId = '' } = begun
  const request = { credentialId, recipeId, sessionId: begun.id, scopes, plainFields: { ...order.plainFields }, redirectUri, capabilityId }
  const { device, stateSha256: grant, expiresAt: until } = await flow.services.vault.beginGrant(request, callAs(actingFor(begun)))
  if (device === undefined) throw new CodedError('INTERNAL')
  return keepDevice(flow, begun, { device, grant, until, tried: { plain: order.plainFields, scopes } })
}

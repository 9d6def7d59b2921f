import { createHash } from 'node:crypto'
import { type Id, idOf } from '@credence/credential'
import { CodedError, type Fault } from '@credence/errors'
import { type ProviderPayload, signsIn } from '@credence/provider'
import { type Actor, needScope } from '../caller/actor.ts'
import { change, insertOnce } from '../documents/change.ts'
import type { Registry } from '../registry.ts'
import type { ClientDoc, ProviderDoc } from './provider.ts'
import { findProvider, savedPayload } from './read-provider.ts'

/** The registration of an OAuth client with the address to enter at the provider. */
export interface ClientView {
  readonly id: string
  readonly providerId: string
  readonly oauthClientId: string
  readonly redirectUri: string
  readonly fields: Readonly<Record<string, string>>
  readonly createdAt: Date
}

const MAX_LENGTH = 500

/** The one client of a project and provider: its id follows from theirs, which is what makes it one. */
export function clientIdOf(provider: Pick<ProviderDoc, 'id' | 'project'>): Id<'ocl'> {
  return idOf(
    'ocl',
    createHash('sha256')
      .update(JSON.stringify(['ocl', provider.project, provider.id]))
      .digest(),
  )
}

/** Its own for each client, so that the answers of two providers are never mixed up (RFC 9700 §4.4.2). */
export function redirectUriOf(registry: Registry, clientId: string): string {
  return `${registry.publicUrl}/oauth/callback/${clientId}`
}

/** Registers or replaces the client's identifier; its secret goes to the vault, not through here. */
export async function putClient(
  registry: Registry,
  actor: Actor,
  wanted: { readonly providerId: string; readonly oauthClientId: string; readonly fields: Readonly<Record<string, string>> },
): Promise<ClientView> {
  needScope(actor, 'clients')
  const { providerId, oauthClientId, fields } = wanted
  const provider = await findProvider(registry, actor, providerId)
  if (!/^[\x20-\x7e]+$/.test(oauthClientId) || oauthClientId.length > MAX_LENGTH) {
    throw invalid('/oauth_client_id', 'Write the client id that the provider shows, in printable ASCII (RFC 6749 appendix A.1).')
  }
  checkFields(payloadWithSignIn(provider), fields)
  const fresh = {
    id: clientIdOf(provider),
    v: 1,
    project: provider.project,
    provider: provider.id,
    oauthClientId,
    fields,
    createdAt: registry.now(),
  }
  const { doc, inserted } = await insertOnce<ClientDoc>(registry.docs.clients, fresh)
  if (inserted) return viewOf(registry, doc)
  const changed = await change(registry.docs.clients, doc.id, (newest) => ({ ...newest, oauthClientId, fields }))
  return viewOf(registry, changed ?? fresh)
}

/** Throws INVALID_REQUEST where nothing would ever use a client. */
function payloadWithSignIn(provider: ProviderDoc): ProviderPayload {
  const payload = savedPayload(provider)
  if (payload.auth_patterns.some(signsIn)) return payload
  throw invalid('/provider_id', 'Name a provider with a sign-in: no other has a client.')
}

/** They go into the address of the sign-in page. */
function checkFields(payload: ProviderPayload, fields: Readonly<Record<string, string>>): void {
  const asked = payload.auth_patterns.flatMap(({ client_fields = [] }) => client_fields)
  const faults: Fault[] = Object.entries(fields).flatMap(([name, value]): Fault[] => {
    const pointer = `/fields/${name}`
    if (!asked.some(({ field_name }) => field_name === name)) {
      return [{ pointer, code: 'UNKNOWN_MEMBER', detail: 'Remove it; the provider asks for no such field.' }]
    }
    return /^[\x20-\x7e]*$/.test(value) && value.length <= MAX_LENGTH
      ? []
      : [{ pointer, code: 'INVALID_VALUE', detail: `Write printable ASCII, at most ${MAX_LENGTH} characters.` }]
  })
  for (const { field_name: name, label, required } of asked) {
    if (required !== true || (fields[name] ?? '') !== '') continue
    faults.push({ pointer: `/fields/${name}`, code: 'MISSING', detail: `Fill in ${label ?? name}.` })
  }
  if (faults.length > 0) throw new CodedError('INVALID_REQUEST', undefined, { faults })
}

export async function getClient(registry: Registry, actor: Actor, providerId: string): Promise<ClientView> {
  needScope(actor, 'clients')
  const provider = await findProvider(registry, actor, providerId)
  const doc = await registry.docs.clients.get(clientIdOf(provider))
  if (doc !== undefined) return viewOf(registry, doc)
  payloadWithSignIn(provider)
  throw clientMissing(registry, actor, provider)
}

/** Whoever may register the client is told how; everybody else gets a sentence that a person can pass on. */
export function clientMissing(registry: Registry, actor: Pick<Actor, 'scopes'>, provider: ProviderDoc): CodedError {
  const redirectUri = redirectUriOf(registry, clientIdOf(provider))
  const forPeople = `${provider.displayName} cannot be connected yet. Please ask an administrator to finish setting it up.`
  const forAdministrators =
    `${provider.displayName} has no OAuth client in this project. ` +
    `Create one at the provider with the redirect address ${redirectUri} and register its id and secret here.`
  const detail = actor.scopes.includes('clients') ? forAdministrators : forPeople
  return new CodedError('CLIENT_MISSING', detail, { facts: { provider_id: provider.id, redirect_uri: redirectUri, sentence: forPeople } })
}

function viewOf(registry: Registry, doc: ClientDoc): ClientView {
  const { id, provider, oauthClientId, createdAt, fields = {} } = doc
  return { id, providerId: provider, oauthClientId, redirectUri: redirectUriOf(registry, id), createdAt, fields }
}

function invalid(pointer: string, detail: string): CodedError {
  return new CodedError('INVALID_REQUEST', undefined, { faults: [{ pointer, code: 'INVALID_VALUE', detail }] })
}

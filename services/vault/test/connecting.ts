import { readFileSync } from 'node:fs'
import { newId } from '@credence/credential'
import type { AccessFence } from '@credence/proto/credential'
import type { BeginGrantResponse, CompleteGrantResponse } from '@credence/proto/grant'
import { encodeRecipe, parseProvider, type Recipe, recipeOf } from '@credence/provider'
import { callAs } from '@credence/rpc'
import { systemRandom } from '@credence/service'
import type { FakeAuthorizationServer } from '@credence/testkit'
import { type Harness, USER, USER_NAMES } from './harness.ts'

export type SeedName = 'asana' | 'bearer' | 'freshdesk' | 'attention'
type Json = Readonly<Record<string, unknown>>

export const CLIENT: { readonly oauthClientId: string; readonly secret: string } = { oauthClientId: 'client', secret: 'fake-client-secret' }
export const REDIRECT_URI = 'https://credence.example/oauth/callback/x'

export function newCredential(): string {
  return newId('cred', (count) => systemRandom.bytes(count))
}

export function newClient(): string {
  return newId('ocl', (count) => systemRandom.bytes(count))
}

/** The recipe of a payload as it stands in its file. */
export function seedRecipe(name: SeedName, clientId?: string): Recipe {
  const url = new URL(`../../../libs/provider/test/payloads/${name}.json`, import.meta.url)
  return recipeOfBytes(readFileSync(url), clientId)
}

/** The recipe of a payload with this one pattern. */
export function recipeWith(pattern: Json, members: Json = {}, clientId?: string): Recipe {
  const payload = {
    display_name: 'Example',
    description: 'An example',
    auth_patterns: [pattern],
    proxy_url: 'https://api.example.com',
    proxy_enabled: true,
    ...members,
  }
  return recipeOfBytes(Buffer.from(JSON.stringify(payload)), clientId)
}

export const BEARER: Json = { type: 'BEARER', fields: [{ field_name: 'token', label: 'Token', required: true }] }

function recipeOfBytes(bytes: Uint8Array, clientId: string | undefined): Recipe {
  const choice = { providerId: `prov_${'0'.repeat(26)}`, version: 1, pattern: 0 }
  return recipeOf(parseProvider(bytes), clientId === undefined ? choice : { ...choice, clientId })
}

/** Puts the recipe as the registry does; answers its id. */
export async function putRecipe(harness: Harness, recipe: Recipe, project: string = harness.project): Promise<string> {
  const { id, bytes } = encodeRecipe(recipe)
  await harness.as('registry').putRecipe({ recipeId: id, recipe: Buffer.from(bytes) }, callAs(harness.order('registry', project)))
  return id
}

/** A fence that lets its owner in and nobody else. */
export function fence(members: Partial<AccessFence> = {}): AccessFence {
  return {
    generation: 1,
    state: 'active',
    reason: '',
    owner: { user: USER, names: [...USER_NAMES] },
    shares: [],
    gates: [],
    capabilities: [],
    channels: [],
    ...members,
  }
}

export const PROJECT_SHARE: { subject: string; names: string[]; permission: string } = { subject: 'project', names: [], permission: 'use' }

export interface StaticOptions {
  readonly recipe: Recipe
  readonly secret?: Readonly<Record<string, string>>
  readonly plain?: Readonly<Record<string, string>>
  readonly access?: Partial<AccessFence>
  readonly credentialId?: string
  readonly project?: string
  readonly expiresAt?: Date
}

/** Seals as the gateway does; answers the credential's and the candidate's id. */
export async function sealed(harness: Harness, options: StaticOptions): Promise<{ credentialId: string; candidateId: string }> {
  const { recipe, secret = {}, plain = {}, credentialId = newCredential(), project = harness.project, expiresAt } = options
  const recipeId = await putRecipe(harness, recipe, project)
  const secretFields = Object.fromEntries(Object.entries(secret).map(([name, value]) => [name, Buffer.from(value)]))
  const ends = expiresAt === undefined ? {} : { expiresAt }
  const request = { credentialId, recipeId, plainFields: { ...plain }, secretFields, requestId: '', ...ends }
  const { candidateId } = await harness.as('gateway').seal(request, callAs(harness.person(project)))
  return { credentialId, candidateId }
}

export async function promoted(
  harness: Harness,
  candidate: { credentialId: string; candidateId: string },
  access: Partial<AccessFence> = {},
  project: string = harness.project,
): Promise<number> {
  const order = callAs(harness.order('registry', project))
  const { version } = await harness.as('registry').promote({ ...candidate, access: fence(access) }, order)
  return version
}

/** Seal, then promote. */
export async function connected(harness: Harness, options: StaticOptions): Promise<string> {
  const candidate = await sealed(harness, options)
  await promoted(harness, candidate, options.access, options.project)
  return candidate.credentialId
}

export async function setAccess(harness: Harness, credentialId: string, access: Partial<AccessFence>): Promise<void> {
  await harness.as('registry').setAccess({ credentialId, access: fence(access) }, callAs(harness.order()))
}

/** An OAuth provider at `auth.example.com` whose API is `api.example.com`. */
export function grantRecipe(clientId: string, members: Json = {}, oauth: Json = {}): Recipe {
  const config = {
    authorize_uri: 'https://auth.example.com/authorize',
    token_uri: 'https://auth.example.com/token',
    user_info_uri: 'https://auth.example.com/userinfo',
    available_scopes: [{ scope: 'read', required: true }, { scope: 'write' }],
    ...oauth,
  }
  return recipeWith(
    { type: 'OAUTH', fields: [], oauth_config: config },
    { revoke: { url: 'https://auth.example.com/revoke' }, ...members },
    clientId,
  )
}

export async function registerClient(harness: Harness, clientId: string, secret: string = CLIENT.secret): Promise<number> {
  const request = { clientId, oauthClientId: CLIENT.oauthClientId, clientSecret: Buffer.from(secret) }
  return (await harness.as('gateway').registerClient(request, callAs(harness.person()))).generation
}

export interface GrantOptions {
  readonly recipe: Recipe
  readonly credentialId?: string
  readonly sessionId?: string
  readonly scopes?: readonly string[]
  readonly plain?: Readonly<Record<string, string>>
}

export const SESSION: string = `sess_${'0'.repeat(26)}`

export async function begun(harness: Harness, options: GrantOptions): Promise<BeginGrantResponse> {
  const { recipe, credentialId = newCredential(), sessionId = SESSION, scopes = ['write'], plain = {} } = options
  const recipeId = await putRecipe(harness, recipe)
  const order = { credentialId, recipeId, sessionId, scopes: [...scopes], plainFields: { ...plain }, redirectUri: REDIRECT_URI }
  return harness.as('gateway').beginGrant(order, callAs(harness.person()))
}

/** What the person's browser brings back from the authorization server, which consents by itself. */
export async function consented(as: FakeAuthorizationServer, authorizeUrl: string): Promise<URLSearchParams> {
  const { search } = new URL(authorizeUrl)
  const answer = await fetch(`${as.url}/authorize${search}`, { redirect: 'manual' })
  const location = answer.headers.get('location')
  if (location === null) throw new TypeError(`the server did not redirect: ${await answer.text()}`)
  return new URL(location).searchParams
}

export async function completed(harness: Harness, back: URLSearchParams, sessionId: string = SESSION): Promise<CompleteGrantResponse> {
  const [state, code, iss] = ['state', 'code', 'iss'].map((name) => back.get(name) ?? '')
  const answer = { sessionId, state: state!, code: code!, iss: iss! }
  return harness.as('gateway').completeGrant(answer, callAs(harness.person()))
}

/** Client, sign-in, promote: a grant in force. */
export async function granted(harness: Harness, as: FakeAuthorizationServer, options: GrantOptions): Promise<string> {
  const { authorizeUrl } = await begun(harness, options)
  const { credentialId, candidateId } = await completed(harness, await consented(as, authorizeUrl), options.sessionId)
  await promoted(harness, { credentialId, candidateId })
  return credentialId
}

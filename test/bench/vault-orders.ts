import { newId } from '@credence/credential'
import type { AccessFence } from '@credence/proto/credential'
import { type VaultServiceClient, VaultServiceDefinition } from '@credence/proto/vault'
import { encodeRecipe, parseProvider, type Recipe, recipeOf } from '@credence/provider'
import { callAs, openChannel, type Principal, type RpcChannel, type ServiceName, servicePrincipal, type TlsIdentity } from '@credence/rpc'
import { systemRandom } from '@credence/service'
import type { Outside } from './outside.ts'

const REDIRECT_URI = 'http://localhost:1/oauth/callback/x'
const SESSION = `sess_${'0'.repeat(26)}`
const CLIENT_ID = newId('ocl', (count) => systemRandom.bytes(count))
const EVERYBODY: Omit<AccessFence, 'generation' | 'state'> = {
  reason: '',
  owner: { user: '', names: [] },
  shares: [{ subject: 'project', names: [], permission: 'use' }],
  gates: [],
  capabilities: [],
  channels: [],
}

/** The services that give a vault its orders. */
export type Orderer = 'gateway' | 'registry' | 'token-refresher'

export interface VaultPlace {
  /** Its service gRPC, host:port. */
  readonly grpc: string
  readonly project: string
  readonly identities: Readonly<Record<Orderer, TlsIdentity>>
}

/** The orders that the neighbours of a vault give it. */
export class VaultOrders {
  readonly #place: VaultPlace
  readonly #outside: Outside
  readonly #channels: RpcChannel[] = []
  readonly #clients = new Map<ServiceName, VaultServiceClient>()
  #clientRegistered: Promise<unknown> | undefined

  constructor(place: VaultPlace, outside: Outside) {
    this.#place = place
    this.#outside = outside
  }

  /** The vault as this service reaches it. */
  as(service: Orderer): VaultServiceClient {
    const known = this.#clients.get(service)
    if (known !== undefined) return known
    const channel = openChannel(this.#place.grpc, { tls: this.#place.identities[service] })
    this.#channels.push(channel)
    const client = channel.client(VaultServiceDefinition) as VaultServiceClient
    this.#clients.set(service, client)
    return client
  }

  order(service: ServiceName): Principal {
    return servicePrincipal(service, this.#place.project)
  }

  /** A bearer token of 40 characters for an API at this address; answers the credential's id. */
  async connectBearer(proxyUrl: string = this.#outside.url): Promise<string> {
    const recipe = recipeWith({ type: 'BEARER', fields: [{ field_name: 'token', label: 'Token', required: true }] }, { proxyUrl })
    const recipeId = await this.#putRecipe(recipe)
    const credentialId = newCredential()
    const secretFields = { token: Buffer.from('bench-bearer-0123456789abcdef0123456789a') }
    const request = { credentialId, recipeId, plainFields: {}, secretFields, requestId: '' }
    const { candidateId } = await this.as('gateway').seal(request, callAs(this.order('gateway')))
    return this.#promote(credentialId, candidateId)
  }

  /** A grant of the outside's token endpoint, which answers after so long. */
  async connectGrant(answersAfterMs: number = 0): Promise<string> {
    const client = { clientId: CLIENT_ID, oauthClientId: 'client', clientSecret: Buffer.from('client-secret') }
    this.#clientRegistered ??= this.as('gateway').registerClient(client, callAs(this.order('gateway')))
    await this.#clientRegistered
    const recipeId = await this.#putRecipe(this.#grantRecipe(answersAfterMs))
    const credentialId = newCredential()
    const order = { credentialId, recipeId, sessionId: SESSION, scopes: [], plainFields: {}, redirectUri: REDIRECT_URI }
    const { authorizeUrl } = await this.as('gateway').beginGrant(order, callAs(this.order('gateway')))
    const state = new URL(authorizeUrl).searchParams.get('state') ?? ''
    const answer = { sessionId: SESSION, state, code: 'code', iss: '' }
    const { candidateId } = await this.as('gateway').completeGrant(answer, callAs(this.order('gateway')))
    return this.#promote(credentialId, candidateId)
  }

  async setState(credentialId: string, state: 'active' | 'disabled', generation: number): Promise<void> {
    await this.as('registry').setAccess({ credentialId, access: { ...EVERYBODY, generation, state } }, callAs(this.order('registry')))
  }

  closeChannels(): void {
    for (const channel of this.#channels) channel.close()
  }

  async #putRecipe(recipe: Recipe): Promise<string> {
    const { id, bytes } = encodeRecipe(recipe)
    await this.as('registry').putRecipe({ recipeId: id, recipe: Buffer.from(bytes) }, callAs(this.order('registry')))
    return id
  }

  async #promote(credentialId: string, candidateId: string): Promise<string> {
    const access: AccessFence = { ...EVERYBODY, generation: 1, state: 'active' }
    await this.as('registry').promote({ credentialId, candidateId, access }, callAs(this.order('registry')))
    return credentialId
  }

  #grantRecipe(answersAfterMs: number): Recipe {
    const { url } = this.#outside
    const oauth = {
      authorize_uri: `${url}/authorize`,
      token_uri: `${url}/token?after=${answersAfterMs}`,
      available_scopes: [{ scope: 'read', required: true }],
    }
    return recipeWith({ type: 'OAUTH', fields: [], oauth_config: oauth }, { proxyUrl: url, clientId: CLIENT_ID })
  }
}

function newCredential(): string {
  return newId('cred', (count) => systemRandom.bytes(count))
}

function recipeWith(pattern: object, { proxyUrl, clientId }: { readonly proxyUrl: string; readonly clientId?: string }): Recipe {
  const payload = {
    display_name: 'Bench',
    description: 'The API of the bench',
    auth_patterns: [pattern],
    proxy_url: proxyUrl,
    proxy_enabled: true,
  }
  const choice = { providerId: `prov_${'0'.repeat(26)}`, version: 1, pattern: 0 }
  return recipeOf(parseProvider(Buffer.from(JSON.stringify(payload))), clientId === undefined ? choice : { ...choice, clientId })
}

import { fileURLToPath } from 'node:url'
import { newId } from '@credence/credential'
import type { AccessFence } from '@credence/proto/credential'
import { CheckRequest, SendRequest, type VaultServiceClient, VaultServiceDefinition } from '@credence/proto/vault'
import { encodeRecipe, parseProvider, type Recipe, recipeOf } from '@credence/provider'
import { callAs, openChannel, type Principal, type RpcChannel, type ServiceName, servicePrincipal, type TlsIdentity } from '@credence/rpc'
import { systemRandom } from '@credence/service'
import { type StartedProcess, startProcess } from '@credence/testkit'
import type { Outside } from './outside.ts'
import { pin } from './process-stat.ts'

const MAIN = fileURLToPath(new URL('./sut/vault-main.ts', import.meta.url))
const REDIRECT_URI = 'http://localhost:1/oauth/callback/x'
const SESSION = `sess_${'0'.repeat(26)}`
const CLIENT_ID = newId('ocl', (count) => systemRandom.bytes(count))
const EVERYBODY: Omit<AccessFence, 'generation' | 'state'> = {
  reason: '',
  owner: { user: '', names: [] },
  shares: [{ subject: 'project', names: [], permission: 'use' }],
}

interface Said {
  readonly grpc: string
  readonly data: string
  readonly api: string
  readonly bare: string
  readonly control: number
  readonly key: string
  readonly project: string
  readonly identities: Readonly<Record<'gateway' | 'registry' | 'token-refresher', TlsIdentity>>
}

/** The vault in its process, and the orders that its neighbours give it. */
export class VaultUnderTest {
  readonly process: StartedProcess
  readonly said: Said
  readonly #outside: Outside
  readonly #channels: RpcChannel[] = []
  readonly #clients = new Map<ServiceName, VaultServiceClient>()
  #clientRegistered: Promise<unknown> | undefined

  private constructor(process: StartedProcess, outside: Outside) {
    this.process = process
    this.said = process.ready as unknown as Said
    this.#outside = outside
  }

  static async start(home: string, outside: Outside, nodeOptions: readonly string[] = []): Promise<VaultUnderTest> {
    const { port, gatePort, gatedHost, caFile } = outside.said
    const egress = { allow: `127.0.0.1:${port},127.0.0.1:${gatePort}`, resolve: `${gatedHost}:443=127.0.0.1:${gatePort}`, caFile }
    const told = JSON.stringify({ home, egress, upstreamPort: port })
    const process = await startProcess([...nodeOptions, MAIN, told])
    pin(process.pid, 'measured')
    return new VaultUnderTest(process, outside)
  }

  get dataPort(): number {
    return Number(this.said.data.split(':')[1])
  }

  /** What a caller sends with each call. */
  get callerHeaders(): { readonly authorization: string } {
    return { authorization: `Bearer ${this.said.key}` }
  }

  /** The vault as this service reaches it. */
  as(service: keyof Said['identities']): VaultServiceClient {
    const known = this.#clients.get(service)
    if (known !== undefined) return known
    const channel = openChannel(this.said.grpc, { tls: this.said.identities[service] })
    this.#channels.push(channel)
    const client = channel.client(VaultServiceDefinition) as VaultServiceClient
    this.#clients.set(service, client)
    return client
  }

  order(service: ServiceName): Principal {
    return servicePrincipal(service, this.said.project)
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

  checkMessage(credentialId: string, path: string): Uint8Array {
    return CheckRequest.encode({ credentialId, method: 'GET', path, user: '', consumer: '' }).finish()
  }

  sendMessage(credentialId: string, path: string): Uint8Array {
    const head = { credentialId, method: 'GET', path, headers: [], user: '', consumer: '', noReplay: false }
    return SendRequest.encode({ part: { $case: 'head', value: head } }).finish()
  }

  async control(path: string, body: unknown = {}): Promise<unknown> {
    const response = await fetch(`http://127.0.0.1:${this.said.control}${path}`, { method: 'POST', body: JSON.stringify(body) })
    return response.json()
  }

  async stop(): Promise<void> {
    for (const channel of this.#channels) channel.close()
    await this.process.stop()
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

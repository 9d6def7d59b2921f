import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { newId, SCOPES } from '@credence/credential'
import { CodedError } from '@credence/errors'
import type { Credential } from '@credence/proto/credential'
import type { CompleteGrantRequest } from '@credence/proto/grant'
import type { Provider } from '@credence/proto/provider'
import { TokenRefresherServiceDefinition } from '@credence/proto/refresher'
import { type ConnectRequest, type Project, RegistryServiceDefinition, type ReserveRequest } from '@credence/proto/registry'
import { type SealRequest, VaultServiceDefinition } from '@credence/proto/vault'
import { VerifierServiceDefinition, type VerifyResponse } from '@credence/proto/verifier'
import { parseProvider } from '@credence/provider'
import type { Principal, RpcContext, RpcMount } from '@credence/rpc'
import { systemRandom } from '@credence/service'

type Method = (request: never, context: RpcContext) => unknown

export const PROJECT: string = `proj_${'0'.repeat(26)}`
export const ADMIN_KEY = 'crd_admin'
/** A key whose only scope is the one after the underscore. */
export const NARROW_KEY = 'crd_narrow'
const CLIENT = `ocl_${'c'.repeat(26)}`

export function payload(name: 'asana' | 'bearer' | 'freshdesk' | 'attention'): Buffer {
  return readFileSync(new URL(`../../../libs/provider/test/payloads/${name}.json`, import.meta.url))
}

/** A mount that answers UNAVAILABLE to what the test has not given. */
function mount(definition: RpcMount['definition'], methods: Record<string, Method>): RpcMount {
  const missing: Method = () => Promise.reject(new CodedError('UNAVAILABLE', 'This fake does not do that.'))
  const names = Object.keys(definition.methods)
  return { definition, implementation: Object.fromEntries(names.map((name) => [name, methods[name] ?? missing])) }
}

/** The other services at the wire: they keep just what the gateway asks of them, and write down what they were told. */
export class FakeServices {
  readonly providers: Map<string, Provider> = new Map()
  readonly credentials: Map<string, Credential> = new Map()
  readonly users: Map<string, string> = new Map()
  project: Project = {
    id: PROJECT,
    name: 'Acme',
    returnUrls: ['https://app.example/done'],
    origins: [],
    confirm: 'host',
    reconnectUrl: '',
  }
  /** Answers of the verifier, one per call; after the last: ok. */
  readonly verdicts: Partial<VerifyResponse>[] = []
  account: { id: string; name: string } = { id: 'acc-1', name: 'ann@asana.example' }
  /** Thrown by the next CompleteGrant. */
  grantError: CodedError | undefined
  connectError: CodedError | undefined
  clientMissing = false

  readonly reserved: ReserveRequest[] = []
  /** As they came over the wire. */
  readonly seals: SealRequest[] = []
  readonly candidates: string[] = []
  readonly destroyed: string[] = []
  readonly connects: ConnectRequest[] = []
  readonly redeemed: CompleteGrantRequest[] = []
  /** What providers said in place of a code, as the vault was told. */
  readonly refused: string[] = []
  readonly principals: Principal[] = []
  readonly verified: string[] = []
  readonly states: string[] = []
  readonly resumed: string[] = []
  /** The names under which people signed in to the console. */
  readonly signedIn: string[][] = []
  clientSecret = ''
  /** Provider of each reserved credential. */
  readonly #places = new Map<string, string>()

  addProvider(payloadJson: Buffer): string {
    const id = newId('prov', (count) => systemRandom.bytes(count))
    this.providers.set(id, {
      id,
      version: 1,
      payloadJson,
      displayName: parseProvider(payloadJson).display_name,
      origin: 'own',
      createdAt: new Date('2026-01-01T00:00:00Z'),
    })
    return id
  }

  user(name: string): string {
    if (name.startsWith('usr_')) return name
    const known = this.users.get(name) ?? newId('usr', (count) => systemRandom.bytes(count))
    this.users.set(name, known)
    return known
  }

  mounts(): Record<'registry' | 'vault' | 'verifier' | 'token-refresher', RpcMount> {
    return {
      registry: mount(RegistryServiceDefinition, this.#registry()),
      vault: mount(VaultServiceDefinition, this.#vault()),
      verifier: mount(VerifierServiceDefinition, this.#verifier()),
      'token-refresher': mount(TokenRefresherServiceDefinition, {
        getPlan: async () => ({ kind: 'refresh', state: 'planned', failures: 0, version: 1 }),
        resumeClient: async ({ clientId }: { clientId: string }) => {
          this.resumed.push(clientId)
          return {}
        },
      }),
    }
  }

  #registry(): Record<string, Method> {
    return {
      authenticate: async (request: { keySha256: Uint8Array; user: string; via: string }, { principal }: RpcContext) => {
        return { principal: this.#authenticated(request, principal) }
      },
      getProject: async () => ({ project: this.project }),
      updateProject: async ({ project }: { project: Project }) => ({ project: { ...project, id: PROJECT } }),
      createProvider: async ({ payloadJson, validateOnly }: { payloadJson: Buffer; validateOnly: boolean }) => {
        parseProvider(payloadJson)
        const reviewJson = Buffer.from('{"warnings":[]}')
        return validateOnly ? { reviewJson } : { provider: this.providers.get(this.addProvider(Buffer.from(payloadJson))), reviewJson }
      },
      getProvider: async ({ providerId }: { providerId: string }) => ({ provider: this.#provider(providerId) }),
      listProviders: async () => ({ providers: [...this.providers.values()], nextPageToken: '' }),
      putClient: async ({ providerId, oauthClientId }: { providerId: string; oauthClientId: string }) => ({
        client: { id: CLIENT, providerId, oauthClientId, redirectUri: `https://credence.example/oauth/callback/${CLIENT}` },
      }),
      reserve: async (request: ReserveRequest, { principal }: RpcContext) => this.#reserve(request, principal),
      connect: async (request: ConnectRequest, { principal }: RpcContext) => this.#connect(request, principal),
      get: async ({ credentialId }: { credentialId: string }, { principal }: RpcContext) => {
        const credential = this.credentials.get(credentialId)
        const own = principal.subject.startsWith('service:') || credential?.owner?.user === principal.user
        if (credential === undefined || !own) throw new CodedError('NOT_FOUND')
        return { credential }
      },
      list: async (_request: object, { principal }: RpcContext) => ({
        credentials: [...this.credentials.values()].filter(({ owner }) => owner?.user === principal.user),
        nextPageToken: '',
      }),
      disable: async ({ credentialId }: { credentialId: string }) => {
        const credential = { ...this.#credential(credentialId), status: 'disabled', reason: 'disabled_by_caller' }
        this.credentials.set(credentialId, credential)
        return { credential }
      },
    }
  }

  #vault(): Record<string, Method> {
    const seal = (): string => {
      const id = newId('cand', (count) => systemRandom.bytes(count))
      this.candidates.push(id)
      return id
    }
    return {
      seal: async (request: SealRequest) => {
        this.seals.push(request)
        const bad = Object.entries(request.secretFields).find(([, value]) => value.includes(0x0a))
        if (bad !== undefined) {
          const faults = [{ pointer: `/secret_fields/${bad[0]}`, code: 'CONTROL', detail: 'Remove the line break.' }]
          throw new CodedError('FIELD_REFUSED', undefined, { faults })
        }
        return { candidateId: seal() }
      },
      destroy: async ({ candidateId }: { candidateId: string }) => {
        this.destroyed.push(candidateId)
        return {}
      },
      registerClient: async ({ clientSecret }: { clientSecret: Buffer }) => {
        this.clientSecret = clientSecret.toString()
        return { generation: 1 }
      },
      beginGrant: async ({ redirectUri, scopes }: { redirectUri: string; scopes: string[] }) => {
        const state = Buffer.from(systemRandom.bytes(32)).toString('base64url')
        this.states.push(state)
        const query = new URLSearchParams({ state, redirect_uri: redirectUri, scope: scopes.join(' ') })
        return {
          authorizeUrl: `https://app.asana.com/-/oauth_authorize?${query}`,
          stateSha256: createHash('sha256').update(state).digest('hex'),
        }
      },
      completeGrant: async (request: CompleteGrantRequest, { principal }: RpcContext) => {
        if (request.error === '') this.redeemed.push(request)
        else this.refused.push(request.error)
        this.principals.push(principal)
        if (this.grantError !== undefined) throw this.grantError
        return { credentialId: '', candidateId: seal(), scopes: ['profile', 'email'], hasRefreshToken: true }
      },
    }
  }

  #verifier(): Record<string, Method> {
    return {
      verify: async ({ candidateId }: { candidateId: string }) => {
        this.verified.push(candidateId)
        return { verdict: 'ok', cause: '', sentence: '', httpStatus: 200, account: this.account, ...this.verdicts.shift() }
      },
    }
  }

  #authenticated({ keySha256, user, via }: { keySha256: Uint8Array; user: string; via: string }, order: Principal): Principal {
    const isKey = (key: string): boolean => createHash('sha256').update(key).digest().equals(Buffer.from(keySha256))
    if (keySha256.length === 0) {
      const signingIn = via === 'console' && order.userNames.length > 0
      if (signingIn) this.signedIn.push([...order.userNames])
      const name = user || (order.userNames[0] ?? '')
      if (name === '') throw new CodedError('UNAUTHENTICATED')
      const id = this.user(name)
      const scopes = ['use', 'credentials.read', 'credentials.write', 'sessions']
      return { project: PROJECT, subject: id, user: id, userNames: name.startsWith('usr_') ? [] : [name], roles: ['member'], scopes, via }
    }
    if (!isKey(ADMIN_KEY) && !isKey(NARROW_KEY)) throw new CodedError('UNAUTHENTICATED')
    const scopes = isKey(ADMIN_KEY) ? [...SCOPES] : ['sessions']
    const names = user === '' ? {} : { user: this.user(user), userNames: [user] }
    return { project: PROJECT, subject: `key_${'k'.repeat(26)}`, user: '', userNames: [], roles: ['owner'], scopes, via, ...names }
  }

  #provider(id: string): Provider {
    const provider = this.providers.get(id)
    if (provider === undefined) throw new CodedError('NOT_FOUND')
    return provider
  }

  #credential(id: string): Credential {
    const credential = this.credentials.get(id)
    if (credential === undefined) throw new CodedError('NOT_FOUND')
    return credential
  }

  #reserve(request: ReserveRequest, principal: Principal): object {
    this.reserved.push(request)
    const provider = this.#provider(request.providerId)
    const isOAuth = parseProvider(provider.payloadJson).auth_patterns[request.pattern]?.type === 'OAUTH'
    if (isOAuth && this.clientMissing) throw new CodedError('CLIENT_MISSING')
    const credentialId = request.credentialId || newId('cred', (count) => systemRandom.bytes(count))
    this.#places.set(credentialId, provider.id)
    return {
      credentialId,
      recipeId: 'rcp_1',
      family: isOAuth ? 'oauth2' : 'bearer',
      clientId: isOAuth ? CLIENT : '',
      redirectUri: isOAuth ? `https://credence.example/oauth/callback/${CLIENT}` : '',
      reconnect: request.credentialId !== '',
      providerVersion: provider.version,
      owner: { user: principal.user, names: [...principal.userNames] },
      payloadJson: provider.payloadJson,
    }
  }

  #connect(request: ConnectRequest, principal: Principal): object {
    if (this.connectError !== undefined) throw this.connectError
    this.connects.push(request)
    const reserved = this.reserved.findLast(({ credentialId }) => credentialId === request.credentialId)
    const provider = this.providers.get(this.#places.get(request.credentialId) ?? reserved?.providerId ?? '')
    const credential: Credential = {
      id: request.credentialId,
      label: 'Mine',
      owner: { user: principal.user, names: [...principal.userNames] },
      level: 'user',
      family: 'bearer',
      providerId: provider?.id ?? '',
      providerVersion: request.providerVersion,
      pattern: request.pattern,
      providerName: provider?.displayName ?? '',
      status: 'active',
      reason: '',
      health: request.verified ? 'ok' : 'unverified',
      account: request.account,
      accountFields: {},
      scopes: [],
      shares: [],
      tags: {},
      reconnectUrl: '',
      consumerCount: 0,
      assets: [],
    }
    this.credentials.set(credential.id, credential)
    return { credential }
  }
}

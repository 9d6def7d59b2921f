import { createHash } from 'node:crypto'
import { foldUserName, newId } from '@credence/credential'
import { CodedError, type ErrorCode } from '@credence/errors'
import type { AccessFence } from '@credence/proto/credential'
import type { RefreshResponse } from '@credence/proto/refresh'
import type { Use } from '@credence/proto/uses'
import { type SetCallerRequest, VaultServiceDefinition, type VaultServiceImplementation } from '@credence/proto/vault'
import type { SetCapabilityRequest, SetClaimRequest } from '@credence/proto/vault-capability'
import type { SetConsentRequest } from '@credence/proto/vault-identity'
import { type Authenticate, type Peer, type Principal, type RpcServer, rpcMount, serveRpc, type TlsIdentity } from '@credence/rpc'
import { createLogger, startTracing } from '@credence/service'
import { seededRandom } from '@credence/testkit'

type Method =
  | 'setAccess'
  | 'setCapability'
  | 'setClaim'
  | 'setConsent'
  | 'setCaller'
  | 'promote'
  | 'destroy'
  | 'putRecipe'
  | 'revoke'
  | 'refresh'
  | 'listUses'

/** What a candidate brings when it is promoted. */
export interface Promised {
  readonly scopes?: readonly string[]
  readonly expiresAt?: Date
  readonly plainFields?: Readonly<Record<string, string>>
  readonly assets?: readonly { readonly channel: string; readonly id: string; readonly name: string }[]
}

export interface Child {
  readonly project: string
  version: number
  fence?: AccessFence
  promoted?: string
  deleted?: boolean
  readonly candidates: Map<string, Promised>
}

/**
 * The vault as the registry meets it: a real server on the wire that keeps fences, callers, recipes and candidates by the
 * vault's rules, and that can be told to hold back or refuse its answers.
 */
export class RecordingVault {
  /** Each call when it came (`setAccess`) and when it was answered (`setAccess answered`), in order. */
  readonly log: string[] = []
  readonly children: Map<string, Child> = new Map()
  readonly callers: Map<string, SetCallerRequest & { readonly project: string }> = new Map()
  readonly capabilities: SetCapabilityRequest[] = []
  readonly claims: SetClaimRequest[] = []
  readonly consents: SetConsentRequest[] = []
  readonly recipes: Map<string, Uint8Array> = new Map()
  readonly destroyed: { readonly credentialId: string; readonly consumers: readonly string[]; readonly generation: number }[] = []
  readonly revoked: { readonly credentialId: string; readonly sharedGrant: boolean }[] = []
  readonly refreshed: { readonly credentialId: string; readonly expectedVersion: number; readonly cause: string }[] = []
  readonly orders: { readonly method: string; readonly principal: Principal }[] = []
  uses: Use[] = []
  revocation = 'not_declared'
  refreshAnswer: Partial<RefreshResponse> = { outcome: 'fresh' }

  readonly #gates = new Map<Method, Promise<void>>()
  readonly #nextGates = new Map<Method, Promise<void>>()
  readonly #answerGates = new Map<Method, Promise<void>>()
  readonly #lost = new Set<Method>()
  readonly #refusals = new Map<Method, ErrorCode[]>()
  readonly #random = seededRandom('recording vault')
  #server: RpcServer | undefined

  get address(): string | undefined {
    return this.#server === undefined ? undefined : `${this.#server.host}:${this.#server.port}`
  }

  async start(tls: TlsIdentity): Promise<void> {
    const log = createLogger({ service: 'vault', level: 'silent' })
    const mounts = [rpcMount(VaultServiceDefinition, this.#implementation())]
    const tracing = startTracing({ serviceName: 'vault' })
    this.#server = await serveRpc({ host: '127.0.0.1', port: 0, mounts, log, tracing, tls })
  }

  async stop(): Promise<void> {
    await this.#server?.stop()
  }

  /** A sealed candidate for this credential, as `Seal` or `CompleteGrant` would leave it. */
  seal(credentialId: string, project: string, promised: Promised = {}): string {
    const child = this.children.get(credentialId) ?? { project, version: 0, candidates: new Map() }
    this.children.set(credentialId, child)
    const id = newId('cand', (count) => this.#random.bytes(count))
    child.candidates.set(id, promised)
    return id
  }

  /** What the gateway has the vault put in force without a candidate. */
  putInForce(credentialId: string, project: string, fence: AccessFence): { candidateId: string; version: number; generation: number } {
    const candidateId = newId('cand', (count) => this.#random.bytes(count))
    const child = this.children.get(credentialId) ?? { project, version: 0, candidates: new Map<string, Promised>() }
    this.children.set(credentialId, child)
    child.version++
    child.promoted = candidateId
    child.fence = fence
    return { candidateId, version: child.version, generation: fence.generation }
  }

  fence(credentialId: string): AccessFence | undefined {
    return this.children.get(credentialId)?.fence
  }

  /** Calls of this method wait until the returned function is called. */
  hold(method: Method): () => void {
    return this.#wait(method, this.#gates)
  }

  /** The next call of this method alone waits; later ones overtake it. */
  holdNext(method: Method): () => void {
    return this.#wait(method, this.#nextGates)
  }

  /** Calls of this method are carried out, and their answers wait. */
  holdAnswer(method: Method): () => void {
    return this.#wait(method, this.#answerGates)
  }

  /** The next calls of this method are refused, one code each. */
  refuse(method: Method, ...codes: ErrorCode[]): void {
    this.#refusals.set(method, codes)
  }

  /** The next call of this method is carried out, and its answer is lost. */
  loseAnswer(method: Method): void {
    this.#lost.add(method)
  }

  #wait(method: Method, gates: Map<Method, Promise<void>>): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    gates.set(method, promise)
    return () => {
      gates.delete(method)
      resolve()
    }
  }

  /** How callers are recognised: by the copy that the registry pushed. */
  readonly authenticate: Authenticate = async ({ authorization, user }) => {
    const hash = createHash('sha256')
      .update(authorization.replace(/^Bearer /, ''))
      .digest('hex')
    const caller = this.callers.get(hash)
    if (caller === undefined || caller.state !== 'active') throw new CodedError('UNAUTHENTICATED')
    const { project, keyId, roles, scopes } = caller
    const name = user === '' ? undefined : foldUserName(user)
    return { project, subject: keyId, user: '', userNames: name === undefined ? [] : [name], roles, scopes, via: 'grpc' }
  }

  async #through<T>(method: Method, principal: Principal, work: () => T): Promise<T> {
    this.log.push(method)
    this.orders.push({ method, principal })
    await this.#gates.get(method)
    const next = this.#nextGates.get(method)
    this.#nextGates.delete(method)
    await next
    const code = this.#refusals.get(method)?.shift()
    if (code !== undefined) throw new CodedError(code)
    const answer = work()
    await this.#answerGates.get(method)
    if (this.#lost.delete(method)) throw new CodedError('UNAVAILABLE')
    this.log.push(`${method} answered`)
    return answer
  }

  #need(credentialId: string): Child {
    const child = this.children.get(credentialId)
    if (child === undefined) throw new CodedError('NOT_FOUND')
    return child
  }

  #implementation(): VaultServiceImplementation<{ principal: Principal; from: Peer }> {
    const notAsked = (): never => {
      throw new CodedError('INTERNAL')
    }
    const others = {
      seal: notAsked,
      registerClient: notAsked,
      beginGrant: notAsked,
      completeGrant: notAsked,
      chooseAssets: notAsked,
      pollGrant: notAsked,
      registerAtServer: notAsked,
      probe: notAsked,
    }
    const streams = { send: notAsked, rotateKeys: notAsked, check: notAsked, listTokens: notAsked }
    const keys = { sign: notAsked, listSigningKeys: notAsked }
    const identity = { grantPass: notAsked, putFacts: notAsked, deleteFacts: notAsked, listFacts: notAsked, matchFacts: notAsked }
    return {
      ...others,
      ...streams,
      ...keys,
      ...identity,
      setAccess: ({ credentialId, access }, { principal }) =>
        this.#through('setAccess', principal, () => {
          const child = this.#need(credentialId)
          if (access === undefined || child.fence === undefined) throw new CodedError('NOT_FOUND')
          const isSame = JSON.stringify(access) === JSON.stringify(child.fence)
          const { generation } = child.fence
          if (!isSame && access.generation <= generation)
            throw new CodedError('CONFLICT', undefined, { facts: { generation: String(generation) } })
          child.fence = access
          return {}
        }),
      setCapability: (request, { principal }) =>
        this.#through('setCapability', principal, () => {
          this.capabilities.push(request)
          return {}
        }),
      setClaim: (request, { principal }) =>
        this.#through('setClaim', principal, () => {
          this.claims.push(request)
          return {}
        }),
      setConsent: (request, { principal }) =>
        this.#through('setConsent', principal, () => {
          this.consents.push(request)
          return {}
        }),
      setCaller: (request, { principal }) =>
        this.#through('setCaller', principal, () => {
          const hash = request.keySha256.toString('hex')
          const known = this.callers.get(hash)
          if (known === undefined || known.generation <= request.generation) {
            this.callers.set(hash, { ...request, project: principal.project })
          }
          return {}
        }),
      promote: ({ credentialId, candidateId, access }, { principal }) =>
        this.#through('promote', principal, () => {
          const child = this.#need(credentialId)
          const promised = child.candidates.get(candidateId)
          if (promised === undefined || access === undefined) throw new CodedError('NOT_FOUND')
          if (child.promoted !== candidateId) {
            if (child.fence !== undefined && access.generation <= child.fence.generation) throw new CodedError('CONFLICT')
            child.version++
            child.promoted = candidateId
            child.fence = access
          }
          const { scopes = [], plainFields = {}, expiresAt } = promised
          return {
            version: child.version,
            scopes: [...scopes],
            plainFields: { ...plainFields },
            assets: [...(promised.assets ?? [])],
            ...(expiresAt === undefined ? {} : { expiresAt }),
          }
        }),
      destroy: ({ credentialId, consumers, generation }, { principal }) =>
        this.#through('destroy', principal, () => {
          this.destroyed.push({ credentialId, consumers, generation })
          this.children.delete(credentialId)
          return {}
        }),
      putRecipe: ({ recipeId, recipe }, { principal }) =>
        this.#through('putRecipe', principal, () => {
          if (recipeId !== `rcp_${createHash('sha256').update(recipe).digest('hex')}`) throw new CodedError('INVALID_REQUEST')
          this.recipes.set(recipeId, recipe)
          return {}
        }),
      revoke: ({ credentialId, sharedGrant }, { principal }) =>
        this.#through('revoke', principal, () => {
          this.#need(credentialId)
          this.revoked.push({ credentialId, sharedGrant })
          return { outcome: this.revocation }
        }),
      refresh: ({ credentialId, expectedVersion, cause }, { principal }) =>
        this.#through('refresh', principal, () => {
          this.refreshed.push({ credentialId, expectedVersion, cause })
          return this.refreshAnswer
        }),
      listUses: ({ pageSize, pageToken }, { principal }) =>
        this.#through('listUses', principal, () => {
          const from = pageToken === '' ? 0 : this.uses.findIndex(({ id }) => id === pageToken)
          const uses = this.uses.slice(from, from + pageSize)
          return { uses, nextPageToken: this.uses[from + pageSize]?.id ?? '' }
        }),
    }
  }
}

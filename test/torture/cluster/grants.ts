import { newId } from '@credence/credential'
import type { ListTokensRequest, RefreshRequest, RefreshResponse, TokenTimes } from '@credence/proto/refresh'
import type { Peers } from '@credence/rpc'
import { type Clock, systemRandom } from '@credence/service'

/** An OAuth grant as the vault has it: the version and times of its access token. */
export interface Grant {
  readonly id: string
  version: number
  issuedAt: number
  expiresAt: number
}

/** One token request, as the ledger of an authorization server has it. */
export interface Post {
  readonly id: string
  readonly version: number
  readonly at: number
  /** The end of the access token that it replaces. */
  readonly expiredAt: number
}

export interface GrantsOptions {
  readonly clock: Clock
  readonly count: number
  readonly lifeMs: number
  /** Of the first token of the n-th grant. Default: now. */
  readonly issuedAt?: (n: number) => number
  readonly version?: number
}

/**
 * What stands behind the token-refresher in scenarios about *when* it acts: an authorization server that answers at once,
 * with the versions and the words that the vault gives (REFRESH 4.3). An order for a version that was replaced sends nothing.
 */
export class Grants {
  readonly all: Map<string, Grant> = new Map()
  readonly posts: Post[] = []
  readonly project: string = newId('proj', systemRandom.bytes)
  readonly clientId: string = newId('ocl', systemRandom.bytes)
  /** Of credentials that the registry was told to be over. */
  readonly expired: string[] = []
  readonly #ids: string[]
  readonly #clock: Clock
  readonly #lifeMs: number

  constructor({ clock, count, lifeMs, issuedAt = () => clock.now(), version = 1 }: GrantsOptions) {
    this.#clock = clock
    this.#lifeMs = lifeMs
    for (let n = 0; n < count; n++) {
      const [id, at] = [newId('cred', systemRandom.bytes), Math.trunc(issuedAt(n))]
      this.all.set(id, { id, version, issuedAt: at, expiresAt: at + lifeMs })
    }
    this.#ids = [...this.all.keys()]
  }

  /** Vault and registry, asked without a network between. */
  peers(): Peers {
    const methods = {
      refresh: async (request: RefreshRequest) => this.#refresh(request),
      listTokens: async (request: ListTokensRequest) => this.#list(request),
      markExpired: async ({ credentialId }: { readonly credentialId: string }) => {
        this.expired.push(credentialId)
        return { reconnectUrl: '', changed: true }
      },
      reportHealth: async () => ({}),
    }
    return { client: () => methods as never, close: () => undefined }
  }

  #refresh({ credentialId, expectedVersion }: RefreshRequest): Partial<RefreshResponse> {
    const grant = this.all.get(credentialId)
    if (grant === undefined) return { outcome: 'not_active', version: 0 }
    if (grant.version !== expectedVersion) return { outcome: 'moved', version: grant.version, refreshClass: 'strict' }
    const at = this.#clock.now()
    this.posts.push({ id: credentialId, version: expectedVersion, at, expiredAt: grant.expiresAt })
    grant.version++
    grant.issuedAt = at
    grant.expiresAt = at + this.#lifeMs
    const times = { issuedAt: new Date(at), expiresAt: new Date(grant.expiresAt) }
    return { outcome: 'refreshed', version: grant.version, refreshClass: 'strict', answerKind: 'tokens', httpStatus: 200, ...times }
  }

  #list({ credentialIds = [], pageSize = 0, pageToken = '' }: Partial<ListTokensRequest>): {
    tokens: Partial<TokenTimes>[]
    nextPageToken: string
  } {
    if (credentialIds.length > 0) return { tokens: credentialIds.flatMap((id) => this.#timesOf(id)), nextPageToken: '' }
    const next = Number(pageToken) + pageSize
    const tokens = this.#ids.slice(Number(pageToken), next).flatMap((id) => this.#timesOf(id))
    return { tokens, nextPageToken: next < this.#ids.length ? String(next) : '' }
  }

  #timesOf(id: string): Partial<TokenTimes>[] {
    const grant = this.all.get(id)
    if (grant === undefined) return []
    const { version, issuedAt, expiresAt } = grant
    const times = { issuedAt: new Date(issuedAt), expiresAt: new Date(expiresAt), defaultLifeS: 0, idleLimitS: 0 }
    const { project, clientId } = this
    return [{ credentialId: id, project, clientId, version, state: 'active', refreshClass: 'strict', hasRefreshToken: true, ...times }]
  }
}

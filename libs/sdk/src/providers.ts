import type { OauthClient, Provider } from './messages.ts'
import { type ListOptions, listAll } from './pages.ts'
import { path, type Rest, type RestCall } from './rest.ts'
import { type SecretValue, secretBody } from './secret-body.ts'
import { toWire } from './wire-names.ts'

/** The JSON of a provider: text or bytes are sent as they are and come back unchanged, an object is written out. */
export type Payload = string | Uint8Array | object

/** What saving a payload means: names, fields, endpoints, a filled example, warnings, the difference to the version before. */
export type ProviderReview = Readonly<Record<string, unknown>>

export interface Providers {
  /** Throws INVALID_PROVIDER with every fault at once. */
  create(payload: Payload): Promise<{ readonly provider: Provider; readonly review: ProviderReview }>
  /** The same with an entry of the built-in catalogue. */
  createFromCatalog(slug: string): Promise<{ readonly provider: Provider; readonly review: ProviderReview }>
  /** Saves the whole payload as a new version; `kept` live credentials stay on theirs until they are reconnected. */
  update(
    providerId: string,
    payload: Payload,
  ): Promise<{ readonly provider: Provider; readonly review: ProviderReview; readonly kept: number }>
  /** Saves nothing. With `providerId`: as an update of that one. */
  review(payload: Payload, options?: { readonly providerId?: string }): Promise<ProviderReview>
  /** `version` absent: the newest. */
  get(providerId: string, version?: number): Promise<Provider>
  list(options?: ListOptions): AsyncIterable<Provider>
  /** Throws PROVIDER_IN_USE while credentials use it. */
  delete(providerId: string): Promise<void>
  /** The built-in catalogue: slugs and names. */
  catalog(): Promise<readonly { readonly slug: string; readonly displayName: string }[]>
}

export function providersOf(rest: Rest): Providers {
  const save = <T>(call: Pick<RestCall, 'method' | 'path' | 'query'>, payload: Payload): Promise<T> =>
    rest.call({ ...call, body: bytesOf(payload), creates: call.method === 'POST' })
  return {
    create: (payload) => save({ method: 'POST', path: '/v1/providers' }, payload),
    createFromCatalog: (slug) => rest.call({ method: 'POST', path: '/v1/providers', query: { catalog_slug: slug }, creates: true }),
    update: (id, payload) => save({ method: 'PUT', path: path`/v1/providers/${id}` }, payload),
    async review(payload, { providerId } = {}) {
      const call =
        providerId === undefined
          ? ({ method: 'POST', path: '/v1/providers' } as const)
          : ({ method: 'PUT', path: path`/v1/providers/${providerId}` } as const)
      const answer = await save<{ review: ProviderReview }>({ ...call, query: { validate_only: true } }, payload)
      return answer.review
    },
    get: async (id, version) =>
      (await rest.call<{ provider: Provider }>({ method: 'GET', path: path`/v1/providers/${id}`, query: { version } })).provider,
    list: (options) => listAll(rest, { path: '/v1/providers', items: 'providers' }, options),
    delete: async (id) => {
      await rest.call({ method: 'DELETE', path: path`/v1/providers/${id}` })
    },
    catalog: async () =>
      (await rest.call<{ entries: { slug: string; displayName: string }[] }>({ method: 'GET', path: '/v1/catalog' })).entries,
  }
}

function bytesOf(payload: Payload): Uint8Array<ArrayBuffer> {
  if (payload instanceof Uint8Array) return new Uint8Array(payload)
  return new TextEncoder().encode(typeof payload === 'string' ? payload : JSON.stringify(payload))
}

export interface NewOauthClient {
  /** The identifier that the provider gave (RFC 6749 §2.2). */
  readonly oauthClientId: string
  readonly clientSecret?: SecretValue
}

export interface Clients {
  /** Registers the OAuth client of a provider, or takes a new secret of it; no reconnects. The answer tells the redirect address. */
  put(providerId: string, client: NewOauthClient): Promise<OauthClient>
  get(providerId: string): Promise<OauthClient>
}

export function clientsOf(rest: Rest): Clients {
  return {
    async put(id, { clientSecret, ...plain }) {
      const body = secretBody(toWire(plain) as object, clientSecret === undefined ? {} : { client_secret: clientSecret })
      try {
        return (await rest.call<{ client: OauthClient }>({ method: 'PUT', path: path`/v1/providers/${id}/client`, body })).client
      } finally {
        body.fill(0)
      }
    },
    get: async (id) => (await rest.call<{ client: OauthClient }>({ method: 'GET', path: path`/v1/providers/${id}/client` })).client,
  }
}

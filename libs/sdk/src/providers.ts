import type { OauthClient, Provider } from './messages.ts'
import type { ListOptions } from './pages.ts'
import { rawItems, rawMembers } from './raw-json.ts'
import { path, type Rest, type RestCall } from './rest.ts'
import { type SecretValue, secretBody } from './secret-body.ts'
import { fromWire } from './wire-names.ts'

/** The JSON of a provider: text and bytes are sent as they are and come back unchanged, an object is written out. */
export type Payload = string | Uint8Array | object

/** What saving a payload means: names, fields, endpoints, a filled example, warnings, the difference to the version before. */
export interface ProviderReview {
  readonly displayName: string
  readonly description?: string
  readonly docs?: string
  readonly proxyEnabled: boolean
  readonly patterns: readonly PatternReview[]
  /** Nothing here stops a save. */
  readonly warnings: readonly { readonly pointer: string; readonly code: string; readonly detail: string }[]
  /** Against the version before; values as JSON. */
  readonly changes: readonly {
    readonly pointer: string
    readonly change: 'added' | 'removed' | 'changed'
    readonly before?: string
    readonly after?: string
  }[]
  /** What an update does to the live credentials of each pattern of the version before. */
  readonly moves: readonly {
    readonly pattern: number
    readonly to?: number
    readonly stays?: 'host_changed' | 'pattern_removed' | 'field_added'
  }[]
  /** Live credentials that the update touches. */
  readonly live?: number
}

interface PatternReview {
  readonly type: string
  readonly displayName?: string
  readonly description?: string
  readonly level: 'user' | 'project'
  readonly fields: readonly FieldReview[]
  readonly accountFields: readonly FieldReview[]
  /** What goes on each request, with `<name>` for each value. */
  readonly sends: readonly string[]
  readonly proxyUrl: string
  /** With example values filled in. */
  readonly proxyUrlExample: string
  readonly oauth?: {
    readonly authorizeUri: string
    readonly deviceUri?: string
    readonly tokenUri: string
    readonly userInfoUri?: string
    readonly availableScopes: readonly {
      readonly scope: string
      readonly displayName?: string
      readonly description?: string
      readonly required: boolean
    }[]
    readonly refreshClass: string
  }
  /** What the client is registered with beside its id and secret. */
  readonly clientFields?: readonly {
    readonly fieldName: string
    readonly label?: string
    readonly hint?: string
    readonly inputType?: string
    readonly required?: boolean
  }[]
  /** What the platform's own sign-in hands over. */
  readonly channels?: readonly { readonly channel: string; readonly displayName: string; readonly asset: string }[]
  /** The calls that make an access without a sign-in. */
  readonly obtains?: readonly string[]
  /** The call that proves a credential. */
  readonly verify?: string
}

interface FieldReview {
  readonly name: string
  readonly label: string
  readonly hint?: string
  readonly inputType: string
  readonly required: boolean
  /** Stays readable; every other value is sealed. */
  readonly plain: boolean
  /** Asked before the redirect, changed only by reconnecting. */
  readonly account: boolean
}

export interface CatalogEntry {
  readonly slug: string
  readonly displayName: string
  readonly description?: string
  readonly types: readonly string[]
  readonly docs?: string
}

export interface SavedProvider extends Provider {
  readonly review?: ProviderReview
  /** Live credentials that stay on an older version until they are reconnected. */
  readonly kept?: number
  /** Of an update: live credentials that go to the new version. */
  readonly moved?: number
  /** Of an update: minted credentials whose headers are others now. */
  readonly expired?: number
  /** Of an update: they are many, or one could not be moved at once, and it goes on behind this answer. */
  readonly moving?: boolean
}

/** Several addresses are asked, one after the other. */
const DISCOVERY_MS = 120_000

export interface McpProvider {
  /** Absent when it was only looked for. */
  readonly providerId?: string
  /** The client at the authorization server; absent where it registers none by itself. */
  readonly clientId?: string
  readonly redirectUri?: string
}

export interface Providers {
  /** Throws INVALID_PROVIDER with every fault at once. */
  create(payload: Payload): Promise<SavedProvider>
  /** The same with an entry of the built-in catalogue. */
  createFromCatalog(slug: string): Promise<SavedProvider>
  /** Saves the whole payload as a new version. */
  update(providerId: string, payload: Payload): Promise<SavedProvider>
  /** Saves nothing. With `providerId`: as an update of that one. */
  review(payload: Payload, options?: { readonly providerId?: string | undefined }): Promise<ProviderReview>
  /** `version` absent: the newest. */
  get(providerId: string, version?: number): Promise<Provider>
  list(options?: ListOptions): AsyncIterable<Provider>
  /**
   * Makes a provider of an MCP server's address (RFC 9728, RFC 8414) and registers a client at its authorization server
   * (RFC 7591). Throws INVALID_REQUEST with what the server does not publish.
   */
  addMcp(
    url: string,
    options?: { readonly displayName?: string | undefined; readonly validateOnly?: boolean | undefined },
  ): Promise<McpProvider>
  /** Throws PROVIDER_IN_USE while credentials use it. */
  delete(providerId: string): Promise<void>
  /** Well-known providers that can be taken over by name. */
  catalog(): Promise<readonly CatalogEntry[]>
}

export function providersOf(rest: Rest): Providers {
  const ask = async (call: RestCall): Promise<SavedProvider> => providerOf(await rest.text(call))
  const review = async (call: Pick<RestCall, 'method' | 'path'>, payload: Payload): Promise<ProviderReview> => {
    const answer = await rest.call<{ review: ProviderReview }>({ ...call, query: { validate_only: true }, body: bytesOf(payload) })
    return answer.review
  }
  return {
    create: (payload) => ask({ method: 'POST', path: '/v1/providers', body: bytesOf(payload), creates: true }),
    createFromCatalog: (slug) => ask({ method: 'POST', path: '/v1/providers', query: { catalog: slug }, creates: true }),
    update: (id, payload) => ask({ method: 'PUT', path: path`/v1/providers/${id}`, body: bytesOf(payload) }),
    review: (payload, { providerId } = {}) =>
      providerId === undefined
        ? review({ method: 'POST', path: '/v1/providers' }, payload)
        : review({ method: 'PUT', path: path`/v1/providers/${providerId}` }, payload),
    get: (id, version) => ask({ method: 'GET', path: path`/v1/providers/${id}`, query: { version } }),
    list: (options) => listProviders(rest, options),
    addMcp: (url, options = {}) =>
      rest.call({ method: 'POST', path: '/v1/providers/discover-mcp', body: { url, ...options }, creates: true, timeoutMs: DISCOVERY_MS }),
    delete: (id) => rest.call({ method: 'DELETE', path: path`/v1/providers/${id}` }),
    catalog: async () => (await rest.call<{ entries: CatalogEntry[] }>({ method: 'GET', path: '/v1/catalog' })).entries,
  }
}

async function* listProviders(rest: Rest, { pageSize }: ListOptions = {}): AsyncGenerator<Provider, void, undefined> {
  let pageToken: string | undefined
  do {
    const page = await rest.text({ method: 'GET', path: '/v1/providers', query: { page_size: pageSize, page_token: pageToken } })
    const members = rawMembers(page)
    yield* rawItems(members.get('providers') ?? '[]').map(providerOf)
    pageToken = JSON.parse(members.get('next_page_token') ?? '""') as string
  } while (pageToken !== '')
}

/** The payload is taken as the text that stands in the answer. */
function providerOf(text: string): SavedProvider {
  const members = rawMembers(text)
  const payloadJson = members.get('payload') ?? ''
  const { payload: _, ...rest } = fromWire(JSON.parse(text)) as SavedProvider & { readonly payload: unknown }
  return { ...rest, payloadJson }
}

export function bytesOf(payload: Payload): Uint8Array<ArrayBuffer> {
  if (payload instanceof Uint8Array) return new Uint8Array(payload)
  return new TextEncoder().encode(typeof payload === 'string' ? payload : JSON.stringify(payload))
}

export interface NewOauthClient {
  /** The identifier that the provider gave (RFC 6749 §2.2). */
  readonly clientId: string
  /** Absent for a public client. */
  readonly clientSecret?: SecretValue | undefined
  /** What the provider's `client_fields` ask for. */
  readonly fields?: Readonly<Record<string, string>> | undefined
}

export interface Clients {
  /** Registers the OAuth client of a provider, or takes a new secret of it; no reconnects. The answer tells the redirect address. */
  put(providerId: string, client: NewOauthClient): Promise<OauthClient>
  /** Throws CLIENT_MISSING when there is none. */
  get(providerId: string): Promise<OauthClient>
}

export function clientsOf(rest: Rest): Clients {
  return {
    async put(id, { clientId, clientSecret, fields }) {
      const beside = { client_id: clientId, ...(fields === undefined ? {} : { fields }) }
      const body = secretBody(beside, clientSecret === undefined ? {} : { client_secret: clientSecret })
      try {
        return await rest.call({ method: 'PUT', path: path`/v1/providers/${id}/client`, body })
      } finally {
        body.fill(0)
      }
    },
    get: (id) => rest.call({ method: 'GET', path: path`/v1/providers/${id}/client` }),
  }
}

import { type Capabilities, capabilitiesOf } from './capabilities.ts'
import { type Consents, consentsOf } from './consents.ts'
import { type Channels, type Consumers, channelsOf, consumersOf } from './consumers.ts'
import { type Credentials, credentialsOf } from './credentials.ts'
import { type Events, eventsOf } from './events.ts'
import { type GrpcClients, grpcClients } from './grpc-clients.ts'
import { type History, historyOf } from './history.ts'
import { type Identity, identityOf } from './identity.ts'
import { type Keys, keysOf, type ProjectSettings, projectOf } from './project.ts'
import { type Clients, clientsOf, type Providers, providersOf } from './providers.ts'
import { type ProxyInit, proxyFetch } from './proxy-fetch.ts'
import { Rest } from './rest.ts'
import { type Sessions, sessionsOf } from './sessions.ts'
import { type Setups, setupsOf } from './setups.ts'
import { type Widget, widgetOf } from './widget.ts'

export interface CredenceOptions {
  /** The admin listener: `https://…`, or `http://127.0.0.1:7401` on one machine. */
  readonly apiUrl: string
  /** The data listener, for `fetch`: `http://127.0.0.1:7402` on one machine. */
  readonly proxyUrl?: string | undefined
  /** `host:port` of the API gRPC listener, for `grpc`. */
  readonly grpc?: string | undefined
  /** An API key, `crd_…`. */
  readonly key: string
  /** Whom the calls are for: `usr_…`, `id:…` or `email:…`; needs a key with the scope `act_for`. */
  readonly user?: string | undefined
}

/** A client of one project, for one user or for the project itself. */
export interface Credence {
  readonly sessions: Sessions
  readonly setups: Setups
  readonly credentials: Credentials
  readonly providers: Providers
  readonly capabilities: Capabilities
  readonly identity: Identity
  readonly consents: Consents
  readonly clients: Clients
  readonly consumers: Consumers
  readonly channels: Channels
  readonly history: History
  readonly events: Events
  readonly keys: Keys
  readonly project: ProjectSettings
  readonly widget: Widget
  /** By the id of a credential or of a capability: WHATWG fetch with the secret put in by the platform; see `ProxyInit` for what is ours. */
  fetch(credentialId: string, path: string, init?: ProxyInit): Promise<Response>
  /** Typed gRPC clients with the same key and user. */
  grpc(): Promise<GrpcClients>
  /** The same client on behalf of this user. */
  forUser(user: string): Credence
}

/** Throws TypeError for options that cannot work. Opens nothing yet. */
export function createCredence(options: CredenceOptions): Credence {
  const { key, user } = options
  const apiUrl = addressOf('apiUrl', options.apiUrl)
  const proxyUrl = options.proxyUrl === undefined ? undefined : addressOf('proxyUrl', options.proxyUrl)
  if (!/^[\x21-\x7e]+$/.test(key)) throw new TypeError('`key` is an API key, crd_….')
  if (user !== undefined && (user.trim() === '' || /[^\x20-\x7e\x80-\xff]/.test(user))) {
    throw new TypeError('`user` is a name that can stand in a header: usr_…, id:… or email:….')
  }
  const rest = new Rest({ apiUrl, key, user })
  return Object.freeze({
    sessions: sessionsOf(rest),
    setups: setupsOf(rest),
    credentials: credentialsOf(rest),
    providers: providersOf(rest),
    capabilities: capabilitiesOf(rest),
    identity: identityOf(rest),
    consents: consentsOf(rest),
    clients: clientsOf(rest),
    consumers: consumersOf(rest),
    channels: channelsOf(rest),
    history: historyOf(rest),
    events: eventsOf(rest, apiUrl),
    keys: keysOf(rest),
    project: projectOf(rest),
    widget: widgetOf(rest),
    fetch(credentialId: string, path: string, init: ProxyInit = {}) {
      if (proxyUrl === undefined) throw new TypeError('Give `proxyUrl` to make proxied calls.')
      return proxyFetch({ proxyUrl, key, user }, credentialId, { path, init })
    },
    grpc() {
      if (options.grpc === undefined) throw new TypeError('Give `grpc`, the address of the API listener, to make gRPC calls.')
      return grpcClients({ address: options.grpc, key, user })
    },
    forUser: (other: string) => createCredence({ ...options, user: other }),
  })
}

/** Without a slash at its end. Query, fragment and userinfo would be lost or shown. */
function addressOf(name: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '' || url.username !== '') {
    throw new TypeError(`\`${name}\` is an address such as https://credence.example or http://127.0.0.1:7401.`)
  }
  return url.href.replace(/\/+$/, '')
}

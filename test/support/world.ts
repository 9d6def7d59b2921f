import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import {
  acceptOnly,
  type FakeAuthorizationServer,
  type GraphApi,
  type OidcServer,
  startFakeAuthorizationServer,
  startGraphApi,
  startOidcProvider,
  startStandIns,
  startUpstream,
  type Upstream,
} from '@credence/testkit'
import { bearerSite, type DocSite, type DocSites, startDocSites } from '@credence/testkit/doc-sites'

/** The secrets that people of the tests enter; each is a canary, searched for in every sink. */
export const SECRETS = {
  bearer: 'canary-bearer-4f0c1d9a7be2',
  freshdesk: 'canary-freshdesk-91b7e0c25d3f',
  attention: 'canary-attention-c83a6f14e05b',
} as const

/** The outside world on loopback, under the real names that the payloads use. */
export interface World {
  readonly asana: FakeAuthorizationServer
  /** A certified OpenID provider with rotation; its access tokens are short. */
  readonly acme: OidcServer
  readonly apis: Readonly<Record<'asana' | 'bearer' | 'freshdesk' | 'attention' | 'acme', Upstream>>
  /** A platform with a sign-in of its own, three channels and a token each. */
  readonly graph: GraphApi
  /** A service that nobody has described: its documentation and its API, at `acornmail.example`. */
  readonly unknown: DocSite & { readonly mood: { readonly key: string } }
  readonly standIns: Awaited<ReturnType<typeof startStandIns>>
  /** Settings that lead the platform to them. */
  readonly env: Readonly<Record<string, string>>
  close(): Promise<void>
}

export interface WorldOptions {
  /** Life of the access tokens of `acme`, seconds. Default 60. */
  readonly acmeExpiresInS?: number
  readonly asanaExpiresInS?: number
  readonly coop?: boolean
  /** Shows the provider's own pages instead of consenting by itself. */
  readonly pages?: boolean
  /** Further names with the servers that stand for them. */
  readonly sites?: Readonly<Record<string, Server>>
}

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const asana = await startFakeAuthorizationServer({
    serverClass: 'strict',
    issuer: 'https://app.asana.com',
    expiresInS: options.asanaExpiresInS ?? 3600,
  })
  const acme = await startOidcProvider({
    issuer: 'https://login.acme.example',
    authMethod: 'client_secret_post',
    expiresInS: options.acmeExpiresInS ?? 60,
    coop: options.coop ?? false,
    auto: !(options.pages ?? false),
  })
  const apis = {
    asana: await startUpstream({
      basePath: '/api',
      accept: async ({ token }) => token !== undefined && (await asana.accountOf(token)) !== undefined,
    }),
    bearer: await startUpstream({ accept: acceptOnly({ tokens: [SECRETS.bearer] }) }),
    freshdesk: await startUpstream({ basePath: '/api', accept: acceptOnly({ basic: [`${SECRETS.freshdesk}:`] }) }),
    attention: await startUpstream({ accept: acceptOnly({ keys: { authorization: SECRETS.attention } }) }),
    acme: await startUpstream({ accept: async ({ token }) => token !== undefined && (await acme.accountOf(token)) !== undefined }),
  }
  const graph = await startGraphApi()
  const unknown = bearerSite()
  const docs: DocSites = startDocSites([unknown])
  const standIns = await startStandIns([
    ...Object.entries(docs.servers).map(([host, target]) => ({ host, target })),
    { host: 'graph.facebook.com', target: graph.server },
    { host: 'www.facebook.com', target: graph.server },
    { host: 'app.asana.com', target: asanaSite(asana, apis.asana) },
    { host: 'api.example.com', target: apis.bearer.server },
    { host: 'acme.freshdesk.com', target: apis.freshdesk.server },
    { host: 'api.attention.tech', target: apis.attention.server },
    { host: 'login.acme.example', target: acme.server },
    { host: 'api.acme.example', target: apis.acme.server },
    ...Object.entries(options.sites ?? {}).map(([host, target]) => ({ host, target })),
  ])
  return {
    asana,
    acme,
    apis,
    graph,
    unknown,
    standIns,
    env: {
      CREDENCE_EGRESS_RESOLVE: standIns.egressResolve,
      CREDENCE_EGRESS_ALLOW: standIns.egressAllow,
      CREDENCE_EGRESS_CA: standIns.caFile,
    },
    async close() {
      await standIns.close()
      await Promise.all([asana.close(), acme.close(), graph.close(), docs.close(), ...Object.values(apis).map((api) => api.close())])
    },
  }
}

const ASANA_PATHS: Readonly<Record<string, string>> = {
  '/-/oauth_authorize': '/authorize',
  '/-/oauth_token': '/token',
  '/api/1.0/users/me': '/userinfo',
}

/** Asana's site: sign-in, token endpoint and API under one host, at the paths of its payload. */
function asanaSite(as: FakeAuthorizationServer, api: Upstream): Server {
  return createServer((request: IncomingMessage, response: ServerResponse) => {
    const [path = '', query] = (request.url ?? '').split('?')
    const to = ASANA_PATHS[path]
    if (to === undefined) return void api.server.emit('request', request, response)
    request.url = query === undefined ? to : `${to}?${query}`
    as.server.emit('request', request, response)
  })
}

/** An OAuth provider of the team's own: signs in at the certified server, with a class, a verify and revocation. */
export const ACME_PAYLOAD: Readonly<Record<string, unknown>> = {
  display_name: 'Acme CRM',
  description: 'Contacts and deals of Acme',
  auth_patterns: [
    {
      type: 'OAUTH',
      display_name: 'Sign in with Acme',
      oauth_config: {
        authorize_uri: 'https://login.acme.example/auth',
        token_uri: 'https://login.acme.example/token',
        user_info_uri: 'https://login.acme.example/me',
        issuer: 'https://login.acme.example',
        authorize_params: { prompt: 'consent' },
        available_scopes: [
          { scope: 'openid', display_name: 'Who you are', required: true },
          { scope: 'offline_access', display_name: 'Stay signed in', required: true },
          { scope: 'email', display_name: 'Your e-mail address', required: false },
        ],
      },
    },
  ],
  refresh: { class: 'strict' },
  revoke: { url: 'https://login.acme.example/token/revocation', scope: 'token' },
  proxy_url: 'https://api.acme.example',
  proxy_enabled: true,
}

import { generateKeyPairSync } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { systemRandom } from '@credence/service'
import type { ClientMetadata, Configuration, JWK, Provider } from 'oidc-provider'
import { escapeHtml, htmlAnswer } from '../exchange.ts'
import { type LoopbackServer, startLoopbackServer, type TlsNames } from '../loopback-server.ts'
import { serveInteraction } from './interaction.ts'
import { memoryAdapter, OidcRows } from './memory-adapter.ts'

export interface OidcProviderOptions {
  /** Its public name when it is reached under one; default: the URL of its socket. */
  readonly issuer?: string
  readonly port?: number
  /** TLS on its own socket; leave it out when a stand-in terminates TLS before it. */
  readonly tls?: TlsNames
  /** Life of access tokens in seconds; default 60. */
  readonly expiresInS?: number
  readonly redirectUris?: readonly string[]
  readonly authMethod?: 'client_secret_basic' | 'client_secret_post'
  /** Signs in and consents without a page; default true. Without it the pages are plain forms. */
  readonly auto?: boolean
  /** Sends `Cross-Origin-Opener-Policy: same-origin`, which cuts a pop-up from its opener. */
  readonly coop?: boolean
  /** Who signs in when nothing is typed; default `ann`. */
  readonly account?: string
}

/** One answer of the token endpoint. */
export interface TokenAnswer {
  readonly at: number
  readonly grantType: string
  readonly status: number
  readonly error?: string
}

export interface OidcServer extends LoopbackServer {
  readonly issuer: string
  readonly client: { readonly clientId: string; readonly clientSecret: string }
  readonly endpoints: Readonly<Record<'authorize' | 'token' | 'userinfo' | 'revoke' | 'introspect', string>>
  tokenAnswers(): readonly TokenAnswer[]
  /** Registers one more redirect URI, for platforms that name theirs only after the client is registered. */
  allowRedirect(redirectUri: string): void
  /** Who signs in from now on. */
  signIn(account: string): void
  /** Ends every consent of an account, with all tokens that came from it. */
  revokeGrants(account: string): number
  /** Every code and token ever issued. */
  tokens(): readonly string[]
  /** The account of a live access token. */
  accountOf(accessToken: string): Promise<string | undefined>
}

const CLIENT_ID = 'credence'

/**
 * `oidc-provider`, a certified OpenID provider that we did not write: refresh tokens rotate, and a spent one that comes
 * again ends the consent. Scopes `openid email profile`; PKCE S256 is demanded; `iss` is sent.
 */
export async function startOidcProvider(options: OidcProviderOptions = {}): Promise<OidcServer> {
  const rows = new OidcRows()
  const answers: TokenAnswer[] = []
  let account = options.account ?? 'ann'
  let serve = (_request: IncomingMessage, response: ServerResponse): void => void response.destroy()
  const loopback = await startLoopbackServer((request, response) => serve(request, response), options)
  const issuer = options.issuer ?? loopback.url
  const client = registerClient(rows, options)
  const { Provider } = await loadLibrary()
  const provider = new Provider(issuer, configurationOf(rows, options))
  logTokenAnswers(provider, answers)
  serve = listenerOf(provider, { auto: options.auto ?? true, coop: options.coop ?? false, account: () => account })
  return {
    ...loopback,
    issuer,
    client: { clientId: CLIENT_ID, clientSecret: client.client_secret },
    endpoints: {
      authorize: `${issuer}/auth`,
      token: `${issuer}/token`,
      userinfo: `${issuer}/me`,
      revoke: `${issuer}/token/revocation`,
      introspect: `${issuer}/token/introspection`,
    },
    tokenAnswers: () => [...answers],
    allowRedirect: (redirectUri) => void client.redirect_uris.push(redirectUri),
    signIn(next) {
      account = next
    },
    revokeGrants: (sub) => revokeGrantsOf(rows, sub),
    tokens: () => rows.tokens(),
    accountOf: async (accessToken) => (await provider.AccessToken.find(accessToken))?.accountId,
  }
}

/** Loaded at its first use, because it takes half a second, and without its remark that this Node is not a long-term release. */
async function loadLibrary(): Promise<typeof import('oidc-provider')> {
  const warn = console.warn
  console.warn = () => undefined
  try {
    return await import('oidc-provider')
  } finally {
    console.warn = warn
  }
}

type Registered = ClientMetadata & { client_secret: string; redirect_uris: string[] }

/** Kept as a row, not as a static client, so that its redirect URIs may grow. */
function registerClient(rows: OidcRows, options: OidcProviderOptions): Registered {
  const client: Registered = {
    client_id: CLIENT_ID,
    client_secret: `ocs_${Buffer.from(systemRandom.bytes(24)).toString('base64url')}`,
    redirect_uris: [...(options.redirectUris ?? [])],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: options.authMethod ?? 'client_secret_basic',
    id_token_signed_response_alg: 'ES256',
  }
  rows.put('Client', CLIENT_ID, { payload: client as Record<string, unknown>, expiresAt: Number.POSITIVE_INFINITY })
  return client
}

const DAY_S = 86_400

function configurationOf(rows: OidcRows, options: OidcProviderOptions): Configuration {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
  return {
    adapter: (model) => memoryAdapter(rows, model),
    jwks: { keys: [{ ...key, alg: 'ES256', use: 'sig' } as JWK] },
    cookies: { keys: [Buffer.from(systemRandom.bytes(32)).toString('hex')] },
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true, allowedPolicy: (_context, client, token) => token.clientId === client.clientId },
      introspection: { enabled: true, allowedPolicy: (_context, client, token) => token.clientId === client.clientId },
    },
    renderError(context, { error, error_description }) {
      const page = htmlAnswer(
        context.status,
        'This request cannot be served',
        `<p>${escapeHtml(`${error}: ${error_description ?? ''}`)}</p>`,
      )
      context.type = 'html'
      context.body = page.body
    },
    interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    findAccount: (_context, sub) => ({
      accountId: sub,
      claims: async () => ({ sub, name: `${sub} of the demo`, email: `${sub}@example.com`, email_verified: true }),
    }),
    pkce: { required: () => true },
    rotateRefreshToken: true,
    issueRefreshToken: async () => true,
    ttl: {
      AccessToken: options.expiresInS ?? 60,
      AuthorizationCode: 60,
      Grant: 14 * DAY_S,
      IdToken: 3600,
      Interaction: 3600,
      RefreshToken: 14 * DAY_S,
      Session: DAY_S,
    },
  }
}

function logTokenAnswers(provider: Provider, answers: TokenAnswer[]): void {
  provider.use(async (context, next) => {
    await next()
    if (context.oidc?.route !== 'token') return
    const { error } = (context.body ?? {}) as { error?: string }
    const grantType = String(context.oidc.params?.grant_type ?? '')
    answers.push({ at: Date.now(), grantType, status: context.status, ...(error === undefined ? {} : { error }) })
  })
}

interface ListenerOptions {
  readonly auto: boolean
  readonly coop: boolean
  readonly account: () => string
}

function listenerOf(
  provider: Provider,
  { auto, coop, account }: ListenerOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  const library = provider.callback()
  return (request, response) => {
    if (coop) response.setHeader('cross-origin-opener-policy', 'same-origin')
    if (!request.url?.startsWith('/interaction/')) return void library(request, response)
    serveInteraction({ provider, auto, account }, request, response).catch(() => response.writeHead(400).end())
  }
}

function revokeGrantsOf(rows: OidcRows, sub: string): number {
  const mine = [...rows.of('Grant')].filter(([, { payload }]) => payload.accountId === sub)
  for (const [grantId] of mine) {
    rows.dropGrant(grantId)
    rows.of('Grant').delete(grantId)
  }
  return mine.length
}

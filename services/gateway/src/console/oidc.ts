import type { Egress } from '@credence/egress'
import { CodedError } from '@credence/errors'
import { type Clock, type Random, traceHeaders } from '@credence/service'
import type { FastifyInstance } from 'fastify'
import * as oauth from 'oauth4webapi'
import type { CookieKind } from '../connect/browser.ts'
import { isToken, newToken, sha256 } from '../connect/digest.ts'
import { seeOther } from '../http/page.ts'
import { projectOf, userOf } from '../services.ts'
import { localPath } from './sign-in.ts'
import { type ConsoleDoor, signIn } from './signed-in.ts'

export interface OidcParts {
  readonly door: ConsoleDoor
  readonly adminUrl: string
  /** Holds a sign-in to the browser that began it. */
  readonly cookie: CookieKind
  readonly egress: Egress
  readonly clock: Clock
  readonly random: Random
}

const LIFE_MS = 10 * 60_000
const MAX_ANSWER_BYTES = 1024 * 1024
const DEADLINE_MS = 15_000

/** Signing in at the project's issuer (OpenID Connect Core §3.1): code flow with PKCE, without a client secret. */
export function serveOidc(app: FastifyInstance, parts: OidcParts): void {
  const { door, cookie, random } = parts
  const redirectUri = `${parts.adminUrl}/sign-in/callback`
  app.get('/sign-in/oidc', async (request, reply) => {
    const { project = '', next } = request.query as Record<string, string | undefined>
    const { as, client } = await issuerOf(parts, project)
    const [verifier, nonce, browser] = [newToken(random), newToken(random), newToken(random)]
    const data = { verifier, nonce, browser: sha256(browser), next: localPath(next) }
    const state = await door.tokens.issue('oidc', { project, user: '', data }, LIFE_MS)
    const url = new URL(as.authorization_endpoint ?? '')
    url.search = new URLSearchParams({
      ...Object.fromEntries(url.searchParams),
      client_id: client.client_id,
      redirect_uri: redirectUri,
      response_type: 'code',
      scope: 'openid email',
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
    }).toString()
    return seeOther(reply.header('set-cookie', cookie.set(browser, LIFE_MS / 1000)), url.href)
  })
  app.get('/sign-in/callback', async (request, reply) => {
    const parameters = new URLSearchParams(
      Object.entries(request.query as Record<string, string>).map(([name, value]) => [name, String(value)]),
    )
    const state = parameters.get('state') ?? ''
    const content = isToken(state) ? await door.tokens.take('oidc', state) : undefined
    const browser = cookie.read(request.headers.cookie)
    if (content === undefined || browser === undefined || sha256(browser) !== content.data.browser) throw new CodedError('STATE_REFUSED')
    const names = await redeem(parts, { project: content.project, parameters, state, data: content.data, redirectUri })
    const principal = await userOf(door.services, { project: content.project, via: 'console' }, names)
    await signIn(door, reply, { principal, role: 'member' })
    return seeOther(reply, content.data.next ?? '/console')
  })
}

interface Issuer {
  readonly as: oauth.AuthorizationServer
  readonly client: oauth.Client
  /** Options of every call to the issuer. */
  readonly through: (hosts: readonly string[]) => { [oauth.customFetch]: LibraryFetch; [oauth.allowInsecureRequests]: boolean }
}

async function issuerOf(parts: OidcParts, project: string): Promise<Issuer> {
  const settings = await projectOf(parts.door.services, project)
  const { consoleIssuer } = settings
  if (consoleIssuer === undefined || consoleIssuer.issuer === '') throw new CodedError('NOT_FOUND', 'The project has no issuer.')
  const issuer = new URL(consoleIssuer.issuer)
  const through: Issuer['through'] = (hosts) => ({
    [oauth.customFetch]: fetchThrough(parts.egress, { project, hosts }),
    // The project's settings let http through for this machine only.
    [oauth.allowInsecureRequests]: issuer.protocol === 'http:',
  })
  const as = await answered(async () =>
    oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, through([issuer.origin]))),
  )
  return { as, client: { client_id: consoleIssuer.clientId }, through }
}

interface Redemption {
  readonly project: string
  readonly parameters: URLSearchParams
  readonly state: string
  readonly data: Readonly<Record<string, string>>
  readonly redirectUri: string
}

/** The folded names of the person whom the issuer signed in: its own id for them, and the address if it says it is verified. */
async function redeem(parts: OidcParts, { project, parameters, state, data, redirectUri }: Redemption): Promise<string[]> {
  const { as, client, through } = await issuerOf(parts, project)
  const tokenOrigin = URL.parse(as.token_endpoint ?? '')?.origin
  if (tokenOrigin === undefined) throw new CodedError('TOKEN_ANSWER_UNUSABLE')
  const claims = await answered(async () => {
    const checked = oauth.validateAuthResponse(as, client, parameters, state)
    const options = through([tokenOrigin])
    const answer = await oauth.authorizationCodeGrantRequest(as, client, oauth.None(), checked, redirectUri, data.verifier ?? '', options)
    const tokens = await oauth.processAuthorizationCodeResponse(as, client, answer, {
      expectedNonce: data.nonce ?? '',
      requireIdToken: true,
    })
    return oauth.getValidatedIdTokenClaims(tokens)
  })
  if (claims === undefined) throw new CodedError('TOKEN_ANSWER_UNUSABLE')
  const email = claims.email_verified === true && typeof claims.email === 'string' ? [`email:${claims.email}`] : []
  return [`id:${claims.sub}`, ...email]
}

/** What the library finds wrong with an answer is told by a code of ours; its texts quote the answer. */
async function answered<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof CodedError) throw error
    if (error instanceof oauth.AuthorizationResponseError)
      throw new CodedError('GRANT_DENIED', 'The sign-in was not finished at the issuer.')
    throw new CodedError('TOKEN_ANSWER_UNUSABLE', 'The issuer gave no usable answer. Try again, or tell the operator.')
  }
}

type LibraryFetch = (
  url: string,
  init: { readonly method: string; readonly headers: Record<string, string>; readonly body?: unknown },
) => Promise<Response>

/** `fetch` for the library, over the one module that opens sockets. */
function fetchThrough(egress: Egress, { project, hosts }: { readonly project: string; readonly hosts: readonly string[] }): LibraryFetch {
  return async (url, { method, headers: given, body }) => {
    const headers = [...Object.entries(given), ...Object.entries(traceHeaders())] as [string, string][]
    const answer = await egress.send({
      project,
      method,
      url,
      hosts,
      headers: [...headers.filter(([name]) => name !== 'accept-encoding'), ['accept-encoding', 'identity']],
      deadlineMs: DEADLINE_MS,
      maxResponseBytes: MAX_ANSWER_BYTES,
      ...(body === undefined || body === null ? {} : { body: Buffer.from(String(body)) }),
    })
    const chunks: Buffer[] = []
    for await (const chunk of answer.body) chunks.push(chunk)
    return new Response(chunks.length === 0 ? null : Buffer.concat(chunks), {
      status: answer.status,
      headers: answer.headers.map(([name, value]) => [name, value]),
    })
  }
}

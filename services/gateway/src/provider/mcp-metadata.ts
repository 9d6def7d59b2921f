import type { Egress } from '@credence/egress'
import { CodedError, isCoded } from '@credence/errors'
import type { Clock } from '@credence/service'

/** What of RFC 9728 a provider is made of. */
export interface ResourceMetadata {
  readonly resource: string
  readonly authorization_servers: readonly string[]
  readonly scopes_supported: readonly string[]
  readonly resource_name?: string | undefined
  readonly resource_documentation?: string | undefined
}

/** What of RFC 8414 a provider is made of. */
export interface ServerMetadata {
  readonly issuer: string
  readonly authorization_endpoint: string
  readonly token_endpoint: string
  readonly registration_endpoint?: string | undefined
  readonly revocation_endpoint?: string | undefined
  readonly code_challenge_methods_supported: readonly string[]
  readonly token_endpoint_auth_methods_supported: readonly string[]
  readonly authorization_response_iss_parameter_supported?: boolean | undefined
}

interface Reading {
  readonly egress: Pick<Egress, 'send'>
  readonly project: string
  readonly clock: Clock
  /** By the monotonic clock: whoever answers nothing at a dozen addresses holds a caller no longer than at one. */
  readonly untilMs: number
}

/** For all requests of one discovery; shorter than a caller waits. */
export const DISCOVERY_MS = 20_000
const DEADLINE_MS = 15_000
const MOST_BYTES = 256 * 1024
const MOST_LIST = 200
/** Each costs up to three requests; more than a few would make this platform ask whoever the list names. */
const MOST_SERVERS = 5

/**
 * The protected-resource metadata of an MCP server (RFC 9728): where its 401 points to, else at the well-known addresses.
 * Undefined when it publishes none that names this very server: metadata of somebody else's resource would send tokens there.
 */
export async function resourceMetadata(reading: Reading, url: URL): Promise<ResourceMetadata | undefined> {
  const pointed = await challengeOf(reading, url)
  const path = url.pathname.replace(/\/$/, '')
  const wellKnown = [`${url.origin}/.well-known/oauth-protected-resource${path}`, `${url.origin}/.well-known/oauth-protected-resource`]
  for (const address of new Set([...(pointed === undefined ? [] : [pointed]), ...wellKnown])) {
    const found = await jsonAt(reading, address)
    const resource = textOf(found?.resource)
    if (found === undefined || !isResourceOf(resource, url)) continue
    return {
      resource,
      authorization_servers: textsOf(found.authorization_servers).slice(0, MOST_SERVERS),
      scopes_supported: textsOf(found.scopes_supported),
      resource_name: textOf(found.resource_name) || undefined,
      resource_documentation: textOf(found.resource_documentation) || undefined,
    }
  }
  return undefined
}

/** RFC 9728 §3.3: the address itself, or the server that it is a part of. */
function isResourceOf(resource: string, url: URL): boolean {
  if (!URL.canParse(resource)) return false
  const named = new URL(resource)
  const path = named.pathname.replace(/\/$/, '')
  return named.origin === url.origin && (url.pathname === path || url.pathname.startsWith(`${path}/`))
}

/** RFC 9728 §5.1: `WWW-Authenticate: Bearer resource_metadata="…"`. */
async function challengeOf(reading: Reading, url: URL): Promise<string | undefined> {
  const answer = await send(reading, url.href)
  if (answer?.status !== 401) return undefined
  const challenge = answer.headers.find(([name]) => name === 'www-authenticate')?.[1] ?? ''
  const [, pointed = ''] = /resource_metadata="([^"]{1,2000})"/.exec(challenge) ?? []
  // It may be at any address of the server, and nowhere else (§7.7 lets a client be so narrow).
  return URL.canParse(pointed) && new URL(pointed).origin === url.origin ? pointed : undefined
}

/** Authorization server metadata (RFC 8414 §3, OpenID Connect Discovery §4), which must name the issuer that was asked for. */
export async function serverMetadata(reading: Reading, issuer: string): Promise<ServerMetadata | undefined> {
  // RFC 8414 §2. Anything else names no host that could be asked.
  if (!isPlainHttps(issuer)) return undefined
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  const addresses = [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}/.well-known/openid-configuration${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ]
  for (const address of new Set(addresses)) {
    const found = await jsonAt(reading, address)
    if (found === undefined || textOf(found.issuer) !== issuer) continue
    const [authorize, token] = [textOf(found.authorization_endpoint), textOf(found.token_endpoint)]
    if (authorize === '' || token === '') continue
    return {
      issuer,
      authorization_endpoint: authorize,
      token_endpoint: token,
      registration_endpoint: textOf(found.registration_endpoint) || undefined,
      revocation_endpoint: textOf(found.revocation_endpoint) || undefined,
      code_challenge_methods_supported: textsOf(found.code_challenge_methods_supported),
      token_endpoint_auth_methods_supported: textsOf(found.token_endpoint_auth_methods_supported),
      authorization_response_iss_parameter_supported: found.authorization_response_iss_parameter_supported === true,
    }
  }
  return undefined
}

/** An address of `https` without a user or a fragment: secrets may be sent there. */
export function isPlainHttps(address: string): boolean {
  const url = URL.parse(address)
  return url?.protocol === 'https:' && url.username === '' && url.password === '' && url.hash === ''
}

async function jsonAt(reading: Reading, url: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  const answer = await send(reading, url)
  if (answer?.status !== 200) return undefined
  try {
    const value: unknown = JSON.parse(answer.text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** One GET without a credential and without following redirects. Undefined: no answer. What our own rules refuse is thrown. */
async function send(
  { egress, project, clock, untilMs }: Reading,
  url: string,
): Promise<{ status: number; headers: readonly (readonly [string, string])[]; text: string } | undefined> {
  const leftMs = untilMs - clock.monotonicMs()
  if (leftMs <= 0) throw new CodedError('UPSTREAM_TIMEOUT', 'The server did not say in time how to sign in to it.')
  try {
    const answer = await egress.send({
      project,
      method: 'GET',
      url,
      hosts: [new URL(url).origin],
      headers: [
        ['accept', 'application/json'],
        ['accept-encoding', 'identity'],
        ['user-agent', 'credence'],
      ],
      deadlineMs: Math.min(DEADLINE_MS, leftMs),
      maxResponseBytes: MOST_BYTES,
    })
    const chunks: Uint8Array[] = []
    for await (const chunk of answer.body as AsyncIterable<Uint8Array>) chunks.push(chunk)
    return { status: answer.status, headers: answer.headers, text: Buffer.concat(chunks).toString('utf8') }
  } catch (error) {
    if (isCoded(error, 'ADDRESS_REFUSED') || isCoded(error, 'INVALID_REQUEST') || !(error instanceof CodedError)) throw error
    return undefined
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string').slice(0, MOST_LIST) : []
}

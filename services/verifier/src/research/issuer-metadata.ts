import { type Findings, type OAuthFacts, WEIGHT } from './findings.ts'
import { type Json, readDocument, textIn, textsIn } from './read-document.ts'
import type { Page, Reader } from './reader.ts'

/** More authorization servers than a protected resource has reason to name. */
const MAX_SERVERS = 3
const MAX_SCOPES = 60

/**
 * Asks for the documents in which an API and its authorization server describe themselves: RFC 9728, then RFC 8414 and
 * OpenID Connect Discovery. A document whose own identifier is not the one it was asked for under is not believed
 * (RFC 8414 §3.3, RFC 9728 §3.3). True when one was found.
 */
export async function findIssuerMetadata(reader: Reader, findings: Findings, address: string): Promise<boolean> {
  const resource = await protectedResource(reader, address)
  const servers = resource?.servers ?? [address.replace(/\/+$/, ''), new URL(address).origin]
  let found = false
  for (const issuer of [...new Set(servers)].slice(0, MAX_SERVERS)) {
    // The provider's own document sent us there, and nothing but its description is asked for.
    if (resource !== undefined) reader.admit(issuer)
    // Without a resource that names it, the server may be the door of the site's people and not of its API.
    const weight = resource === undefined ? WEIGHT.sample : WEIGHT.official
    found = (await authorizationServer(reader, findings, { issuer, scopes: resource?.scopes ?? [], weight })) || found
  }
  if (found && resource !== undefined) {
    findings.baseUrls.push({ value: resource.identifier, url: resource.url, source: 'metadata', weight: WEIGHT.official })
    if (resource.name !== undefined)
      findings.names.push({ value: resource.name, url: resource.url, source: 'metadata', weight: WEIGHT.official })
  }
  return found
}

interface Resource {
  readonly url: string
  readonly identifier: string
  readonly name?: string
  readonly servers: readonly string[]
  readonly scopes: readonly string[]
}

async function protectedResource(reader: Reader, address: string): Promise<Resource | undefined> {
  const first = await reader.read(address)
  const named = /resource_metadata="([^"]+)"/.exec(first?.headers.get('www-authenticate') ?? '')?.[1]
  for (const url of [...(named === undefined ? [] : [named]), ...wellKnown(address, 'oauth-protected-resource')]) {
    const page = reader.isOwn(url) ? await reader.read(url) : undefined
    const document = documentOf(page)
    const identifier = textIn(document, 'resource')
    if (page === undefined || identifier === undefined || !isAt(identifier, address)) continue
    const name = textIn(document, 'resource_name')
    return {
      url: page.url,
      identifier: identifier.replace(/\/+$/, ''),
      ...(name === undefined ? {} : { name }),
      servers: textsIn(document, 'authorization_servers').filter(isHttps),
      scopes: textsIn(document, 'scopes_supported').slice(0, MAX_SCOPES),
    }
  }
  return undefined
}

/** The resource that was asked about, or one that holds it: same origin, and its path before the address's own. */
function isAt(identifier: string, address: string): boolean {
  const [named, asked] = [URL.parse(identifier), URL.parse(address)]
  if (named === null || asked === null || named.origin !== asked.origin) return false
  const [path, at] = [named.pathname.replace(/\/+$/, ''), asked.pathname.replace(/\/+$/, '')]
  return path === at || at.startsWith(`${path}/`)
}

async function authorizationServer(
  reader: Reader,
  findings: Findings,
  { issuer, scopes, weight }: { issuer: string; scopes: readonly string[]; weight: number },
): Promise<boolean> {
  const { pathname } = new URL(issuer)
  const appended = pathname === '/' ? [] : [`${issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`]
  const places = [...wellKnown(issuer, 'oauth-authorization-server'), ...wellKnown(issuer, 'openid-configuration'), ...appended]
  for (const url of places) {
    const page = await reader.read(url)
    const document = documentOf(page)
    if (page === undefined || document === undefined) continue
    const facts = factsOf(document, issuer, scopes)
    if (facts === undefined) continue
    findings.schemes.push({ value: { kind: 'oauth', ...facts }, url: page.url, source: 'metadata', weight })
    return true
  }
  return false
}

/** RFC 8414 §3.1: the well-known part goes between host and path; the place without the path is tried as well. */
function wellKnown(address: string, name: string): readonly string[] {
  const { origin, pathname } = new URL(address)
  const path = pathname.replace(/\/+$/, '')
  const root = `${origin}/.well-known/${name}`
  return path === '' ? [root] : [`${root}${path}`, root]
}

function documentOf(page: Page | undefined): Json | undefined {
  return page === undefined || page.status !== 200 || page.cut ? undefined : readDocument(page.text)
}

const isHttps = (text: string): boolean => URL.parse(text)?.protocol === 'https:'

function factsOf(document: Json, issuer: string, wanted: readonly string[]): OAuthFacts | undefined {
  const claimed = textIn(document, 'issuer') ?? ''
  const [authorizeUri, tokenUri] = [textIn(document, 'authorization_endpoint'), textIn(document, 'token_endpoint')]
  if (claimed.replace(/\/+$/, '') !== issuer.replace(/\/+$/, '') || authorizeUri === undefined || tokenUri === undefined) return undefined
  const optional = (name: string): string | undefined => {
    const uri = textIn(document, name)
    return uri !== undefined && isHttps(uri) ? uri : undefined
  }
  const [userInfoUri, revokeUri, registrationUri] = ['userinfo_endpoint', 'revocation_endpoint', 'registration_endpoint'].map(optional)
  const scopes = wanted.length > 0 ? wanted : textsIn(document, 'scopes_supported').slice(0, MAX_SCOPES)
  const clientAuth = clientAuthOf(textsIn(document, 'token_endpoint_auth_methods_supported'))
  return {
    authorizeUri,
    tokenUri,
    issuer: claimed,
    scopes,
    ...(userInfoUri === undefined ? {} : { userInfoUri }),
    ...(revokeUri === undefined ? {} : { revokeUri }),
    ...(registrationUri === undefined ? {} : { registrationUri }),
    ...(clientAuth === undefined ? {} : { clientAuth }),
  }
}

/** RFC 8414 §2: without the member, `client_secret_basic`. */
function clientAuthOf(methods: readonly string[]): OAuthFacts['clientAuth'] {
  if (methods.length === 0) return 'client_secret_basic'
  return (['client_secret_post', 'client_secret_basic', 'none'] as const).find((method) => methods.includes(method))
}

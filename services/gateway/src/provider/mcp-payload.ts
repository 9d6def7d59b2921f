import { CodedError, type Fault } from '@credence/errors'
import { parseProvider } from '@credence/provider'
import { isPlainHttps, type ResourceMetadata, type ServerMetadata } from './mcp-metadata.ts'

const AUTH_METHODS = ['client_secret_basic', 'client_secret_post', 'none'] as const
/** RFC 6749 §3.3: what a scope is made of. */
const SCOPE = /^[\u0021\u0023-\u005b\u005d-\u007e]{1,256}$/
const MOST_NAME = 200

/** How the client proves itself where the server leaves a choice; RFC 8414 §2 says what silence means. */
export function clientAuthFor({
  token_endpoint_auth_methods_supported: supported,
}: ServerMetadata): (typeof AUTH_METHODS)[number] | undefined {
  if (supported.length === 0) return 'client_secret_basic'
  return AUTH_METHODS.find((method) => supported.includes(method))
}

/** The provider payload of an MCP server, held against the same rules as one that a person writes. Throws INVALID_PROVIDER. */
export function mcpPayload(
  url: URL,
  known: { readonly resource: ResourceMetadata; readonly server: ServerMetadata; readonly displayName: string },
): Buffer {
  const { resource, server, displayName } = known
  const scopes = [...new Set(resource.scopes_supported.filter((scope) => SCOPE.test(scope)))]
  const name = (displayName || resource.resource_name || url.host).replace(/[\u0000-\u001f\u007f]/g, ' ').slice(0, MOST_NAME)
  const docs = resource.resource_documentation
  const payload = {
    display_name: name,
    description: `MCP server at ${url.host}`,
    auth_patterns: [
      {
        type: 'OAUTH',
        display_name: 'Sign in',
        oauth_config: {
          authorize_uri: server.authorization_endpoint,
          token_uri: server.token_endpoint,
          ...(server.authorization_response_iss_parameter_supported === true ? { issuer: server.issuer } : {}),
          resource: resource.resource,
          available_scopes: scopes.map((scope) => ({ scope, required: true })),
        },
        token: { client_auth: clientAuthFor(server) },
        ...(server.revocation_endpoint === undefined ? {} : { revoke: { url: server.revocation_endpoint } }),
      },
    ],
    proxy_url: aboveOf(url),
    proxy_enabled: true,
    ...(docs !== undefined && isPrintable(docs) && isPlainHttps(docs) ? { docs } : {}),
  }
  const bytes = Buffer.from(JSON.stringify(payload, undefined, 2))
  parseProvider(bytes)
  return bytes
}

/** What is there for people to read must not decide whether the server can be added. */
function isPrintable(text: string): boolean {
  return /^[\x21-\x7e]{1,2000}$/.test(text)
}

/** A proxied path begins with a slash, and an MCP endpoint need not end with one: its last segment is the caller's to write. */
function aboveOf(url: URL): string {
  return `${url.origin}${url.pathname.replace(/\/[^/]*$/, '')}`
}

/** What a server must publish, so that a sign-in there can be safe. */
export function checkServer(server: ServerMetadata): void {
  const faults: Fault[] = []
  const missing = (detail: string): void => void faults.push({ pointer: '/url', code: 'NOT_DISCOVERED', detail })
  if (!server.code_challenge_methods_supported.includes('S256')) missing('The authorization server does not offer PKCE with S256.')
  // The answer of a registration holds the secret of a client.
  if (server.registration_endpoint !== undefined && !isPlainHttps(server.registration_endpoint))
    missing('The `registration_endpoint` of the authorization server is no plain `https` address.')
  if (clientAuthFor(server) === undefined) missing('The authorization server offers no way to prove a client that is known here.')
  if (faults.length > 0) throw new CodedError('INVALID_REQUEST', undefined, { faults })
}

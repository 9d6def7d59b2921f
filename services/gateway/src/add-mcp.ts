import { CodedError, type ErrorCode, isCoded } from '@credence/errors'
import type { AddMcpProviderResponse } from '@credence/proto/gateway'
import { callAs, type Principal } from '@credence/rpc'
import { requireScope } from './connect/create-session.ts'
import type { Gateway } from './gateway.ts'
import { DISCOVERY_MS, resourceMetadata, type ServerMetadata, serverMetadata } from './provider/mcp-metadata.ts'
import { checkServer, clientAuthFor, mcpPayload } from './provider/mcp-payload.ts'
import { present } from './services.ts'

export interface McpOrder {
  readonly url: string
  readonly displayName: string
  readonly validateOnly: boolean
  readonly requestId: string
}

type Added = Omit<AddMcpProviderResponse, '_unknownFields' | 'payloadJson'> & { readonly payloadJson: Buffer }

const REGISTER_TIMEOUT_MS = 60_000

/**
 * Makes a provider of an MCP server's address and registers a client at its authorization server. A server that registers
 * none by itself gets the provider alone: an administrator then registers the client as with any other. A registration that
 * is refused leaves nothing behind.
 */
export async function addMcpProvider(gateway: Gateway, principal: Principal, order: McpOrder): Promise<Added> {
  requireScope(principal, 'providers')
  requireScope(principal, 'clients')
  const { payloadJson, server } = await discover(gateway, principal, order)
  const nothing = { providerId: '', clientId: '', oauthClientId: '', redirectUri: '' }
  if (order.validateOnly) return { ...nothing, payloadJson }
  const { registry } = gateway.flow.services
  const created = await registry.createProvider(
    { payloadJson, catalogSlug: '', validateOnly: false, requestId: order.requestId },
    callAs(principal),
  )
  const providerId = present(created.provider, 'provider').id
  try {
    const client = await registerClient(gateway, principal, { providerId, server, payloadJson })
    return { ...nothing, providerId, payloadJson, ...client }
  } catch (error) {
    if (!isRepeatable(error)) await removeUnregistered(gateway, principal, providerId)
    throw error
  }
}

/** Not the server's answer, but something between our own services: the same request, sent again, goes on where this one stopped. */
const REPEATABLE: readonly ErrorCode[] = ['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'IDEMPOTENCY_CONFLICT']

function isRepeatable(error: unknown): boolean {
  return !isCoded(error) || REPEATABLE.includes(error.code)
}

/** Another request with the same key may have registered its client meanwhile: then it is that one's. */
async function removeUnregistered({ flow }: Gateway, principal: Principal, providerId: string): Promise<void> {
  const { registry } = flow.services
  try {
    await registry.getClient({ providerId }, callAs(principal))
  } catch (error) {
    if (!isCoded(error, 'CLIENT_MISSING')) return
    // What the server said is what the caller must hear; a provider that could not be removed is seen in the list.
    await registry.deleteProvider({ providerId }, callAs(principal)).catch(() => undefined)
  }
}

async function discover(
  { egress, flow }: Gateway,
  { project }: Principal,
  { url: address, displayName }: McpOrder,
): Promise<{ payloadJson: Buffer; server: ServerMetadata }> {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url === undefined || url.protocol !== 'https:' || url.username !== '' || url.hash !== '' || url.search !== '')
    throw notDiscovered('Write the address of the MCP server, like `https://mcp.example.com/mcp`.')
  const reading = { egress, project, clock: flow.clock, untilMs: flow.clock.monotonicMs() + DISCOVERY_MS }
  const resource = await resourceMetadata(reading, url)
  if (resource === undefined) throw notDiscovered('The server publishes no protected-resource metadata of this address (RFC 9728).')
  for (const issuer of resource.authorization_servers) {
    const server = await serverMetadata(reading, issuer)
    if (server === undefined) continue
    checkServer(server)
    return { payloadJson: mcpPayload(url, { resource, server, displayName }), server }
  }
  throw notDiscovered('None of its authorization servers publishes metadata under its own issuer (RFC 8414).')
}

function notDiscovered(detail: string): CodedError {
  return new CodedError('INVALID_REQUEST', undefined, { faults: [{ pointer: '/url', code: 'NOT_DISCOVERED', detail }] })
}

/** The redirect address is the registry's to say; the secret goes from the server's answer into the vault's box. */
async function registerClient(
  { flow, settings }: Gateway,
  principal: Principal,
  { providerId, server, payloadJson }: { providerId: string; server: ServerMetadata; payloadJson: Buffer },
): Promise<Partial<Added>> {
  const { registry, vault } = flow.services
  const known = await registry.getClient({ providerId }, callAs(principal)).catch((error: unknown) => {
    if (isCoded(error, 'CLIENT_MISSING')) return { redirectUri: error.details.facts?.redirect_uri ?? '' }
    // Made by an earlier request with the same key, whose registration was refused.
    if (isCoded(error, 'NOT_FOUND')) throw new CodedError('IDEMPOTENCY_CONFLICT', 'The first try with this key was refused; use a new key.')
    throw error
  })
  if ('client' in known && known.client !== undefined) {
    const { id: clientId, oauthClientId, redirectUri } = known.client
    return { clientId, oauthClientId, redirectUri }
  }
  const redirectUri = 'redirectUri' in known ? known.redirectUri : ''
  const clientId = redirectUri.slice(`${settings.publicUrl}/oauth/callback/`.length)
  if (server.registration_endpoint === undefined) return { redirectUri }
  const payload = JSON.parse(Buffer.from(payloadJson).toString('utf8')) as {
    auth_patterns: [{ oauth_config: { available_scopes: { scope: string }[] } }]
  }
  const { oauthClientId } = await vault.registerAtServer(
    {
      clientId,
      registrationUri: server.registration_endpoint,
      redirectUri,
      clientName: 'Credence',
      clientAuth: clientAuthFor(server) ?? 'none',
      scopes: payload.auth_patterns[0].oauth_config.available_scopes.map(({ scope }) => scope),
    },
    callAs(principal, { timeoutMs: REGISTER_TIMEOUT_MS }),
  )
  await registry.putClient({ providerId, oauthClientId }, callAs(principal))
  return { clientId, oauthClientId, redirectUri }
}

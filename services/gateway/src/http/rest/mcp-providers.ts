import { z } from 'zod'
import { addMcpProvider } from '../../add-mcp.ts'
import type { Gateway } from '../../gateway.ts'
import { callerOf, requestIdOf } from '../caller.ts'
import { answers, type RestScope } from './route.ts'
import { optional } from './schemas.ts'

const order = z.strictObject({
  url: z.string().max(2000).describe('The address of the MCP server'),
  display_name: z.string().max(200).optional(),
  validate_only: z.boolean().optional().describe('Only look: nothing is saved and nothing registered'),
})
const added = z
  .object({
    provider_id: z.string().optional(),
    payload: z.record(z.string(), z.unknown()),
    client_id: z
      .string()
      .optional()
      .describe('The client at the authorization server (RFC 6749 section 2.2); absent where it registers none'),
    redirect_uri: z.string().optional(),
  })
  .meta({ id: 'McpProvider' })

/** `/v1/providers/discover-mcp`: a provider from the address of an MCP server alone. */
export function serveMcpProviders(app: RestScope, gateway: Gateway): void {
  app.post('/v1/providers/discover-mcp', {
    schema: {
      tags: ['providers'],
      summary: 'Make a provider of an MCP server and register its client',
      body: order,
      response: answers([201, 200], added),
    },
    handler: async (request, reply) => {
      const { url, display_name: displayName = '', validate_only: validateOnly = false } = request.body
      const made = await addMcpProvider(gateway, callerOf(request), { url, displayName, validateOnly, requestId: requestIdOf(request) })
      const { providerId: provider_id, oauthClientId: client_id, redirectUri: redirect_uri } = made
      const payload: unknown = JSON.parse(Buffer.from(made.payloadJson).toString('utf8'))
      return reply.status(validateOnly ? 200 : 201).send({ ...optional({ provider_id, client_id, redirect_uri }), payload })
    },
  })
}

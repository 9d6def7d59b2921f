import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import { cookieKind } from '../connect/browser.ts'
import { serveConsole } from '../console/routes.ts'
import { serveDocs } from '../docs/serve-docs.ts'
import type { Gateway } from '../gateway.ts'
import { serveMintToken } from '../widget/mint-token.ts'
import { serveAssets } from './assets.ts'
import { requireCaller } from './caller.ts'
import { createListener, listen, NO_CONTENT_POLICY, type StartedListener, stopListener } from './listener.ts'
import { describeApi, serveApiDocuments } from './openapi.ts'
import { serveCapabilities } from './rest/capabilities.ts'
import { serveCatalog } from './rest/catalog.ts'
import { serveConsents } from './rest/consents.ts'
import { serveChannels, serveConsumers } from './rest/consumers.ts'
import { serveCredentialSecrets } from './rest/credential-secrets.ts'
import { serveCredentials } from './rest/credentials.ts'
import { serveEvents } from './rest/events.ts'
import { serveHistory } from './rest/history.ts'
import { serveIdentity, serveIdentityValues } from './rest/identity.ts'
import { readJsonBodies } from './rest/json-bodies.ts'
import { serveKeys } from './rest/keys.ts'
import { serveMcpProviders } from './rest/mcp-providers.ts'
import { serveProject } from './rest/project.ts'
import { serveClients, serveProviders } from './rest/providers.ts'
import type { RestScope } from './rest/route.ts'
import { serveSessions } from './rest/sessions.ts'
import { serveSetupBytes } from './rest/setup-bytes.ts'
import { serveSetups } from './rest/setups.ts'
import { refuseUnknownParameters } from './rest/strict-queries.ts'

/** The listener for backends and administrators: REST, documentation, events, and the console. No other origin may read it. */
export async function startAdmin(gateway: Gateway): Promise<StartedListener> {
  const { settings, flow, door, log, random, egress } = gateway
  const { adminUrl, publicUrl } = settings
  const app = await createListener({
    name: 'admin',
    maxRequestBytes: settings.maxRequestBytes,
    requestsPerMinute: settings.adminRequestsPerMinute,
    trustProxy: settings.trustProxy,
    https: adminUrl.startsWith('https:'),
    clock: flow.clock,
    log,
    tracing: gateway.tracing,
  })
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  await describeApi(app, adminUrl)
  serveAssets(app)
  await app.register(async (scope) => {
    requireCaller(scope, flow.services)
    readJsonBodies(scope)
    refuseUnknownParameters(scope)
    scope.addHook('onSend', async (_request, reply) => {
      if (!reply.hasHeader('content-security-policy')) reply.header('content-security-policy', NO_CONTENT_POLICY)
      if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store')
    })
    const rest = scope.withTypeProvider<ZodTypeProvider>()
    for (const serve of [
      serveCredentials,
      serveConsumers,
      serveChannels,
      serveCapabilities,
      serveConsents,
      serveIdentity,
      serveHistory,
      serveSessions,
      serveSetups,
      serveKeys,
      serveProject,
      serveEvents,
      serveMcpProviders,
    ])
      serve(rest, gateway)
    serveCatalog(rest)
    // Each has its own scope, because their bodies are read as bytes.
    for (const serve of [serveProviders, serveClients, serveCredentialSecrets, serveIdentityValues, serveMintToken, serveSetupBytes])
      await scope.register(async (inner) => serve(inner as RestScope, gateway))
  })
  await app.register(async (scope) => {
    const cookie = cookieKind(adminUrl, 'credence-sign-in')
    // Pages are no part of the API's document.
    scope.addHook('onRoute', (route) => {
      route.schema = { ...route.schema, hide: true }
    })
    serveConsole(scope, {
      door,
      publicUrl,
      sessionParts: gateway.creation,
      log,
      oidc: { door, adminUrl, cookie, egress, clock: flow.clock, random },
    })
  })
  await serveApiDocuments(app)
  serveDocs(app, adminUrl)
  const address = await listen(app, { host: settings.host, port: settings.adminPort })
  return { address, stop: () => stopListener(app, { clock: flow.clock, lingerMs: settings.lingerMs }) }
}

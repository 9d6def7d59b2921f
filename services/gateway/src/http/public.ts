import { cookieKind } from '../connect/browser.ts'
import { serveIdentityPages } from '../connect/identity/identity-pages.ts'
import { serveLogin } from '../connect/login.ts'
import { serveReconnect } from '../connect/reconnect.ts'
import { serveConnect } from '../connect/routes.ts'
import type { Gateway } from '../gateway.ts'
import { serveWidget } from '../widget/serve-widget.ts'
import { serveAssets } from './assets.ts'
import { createListener, listen, type StartedListener, stopListener } from './listener.ts'
import { serveProxyKeys } from './proxy-keys.ts'

/** The listener for people: pages, callbacks, reconnect addresses, and the widget. Nothing on it knows an API key. */
export async function startPublic(gateway: Gateway): Promise<StartedListener> {
  const { settings, flow, tokens, log, random } = gateway
  const https = settings.publicUrl.startsWith('https:')
  const app = await createListener({
    name: 'public',
    maxRequestBytes: settings.maxRequestBytes,
    requestsPerMinute: settings.publicRequestsPerMinute,
    trustProxy: settings.trustProxy,
    https,
    clock: flow.clock,
    log,
    tracing: gateway.tracing,
  })
  const door = { sessions: flow.sessions, cookie: cookieKind(settings.publicUrl, 'credence'), random }
  serveAssets(app)
  serveProxyKeys(app, flow.services)
  await app.register(async (scope) => {
    serveConnect(scope, { flow, door, adminUrl: settings.adminUrl })
    serveLogin(scope, { flow, door, tokens, adminUrl: settings.adminUrl })
    const { services, addresses } = flow
    serveReconnect(scope, { services, addresses, door, adminUrl: settings.adminUrl, parts: gateway.creation })
  })
  await app.register(async (scope) => serveIdentityPages(scope, { services: flow.services, door, log }))
  await app.register((scope) => serveWidget(scope, gateway))
  const address = await listen(app, { host: settings.host, port: settings.publicPort })
  return { address, stop: () => stopListener(app, { clock: flow.clock, lingerMs: settings.lingerMs }) }
}

import { EGRESS_SETTINGS, egressOf } from '@credence/egress'
import { type ServiceMain, serviceMain } from '@credence/host'
import { ADDRESS_COLLECTION } from './connect/addresses.ts'
import { CLAIM_COLLECTION } from './connect/claims.ts'
import { SESSION_COLLECTION } from './connect/session-store.ts'
import { TOKEN_COLLECTION } from './console/tokens.ts'
import { start } from './service.ts'

/** `credence serve gateway` */
export const main: ServiceMain = serviceMain({
  service: 'gateway',
  collections: [SESSION_COLLECTION, CLAIM_COLLECTION, TOKEN_COLLECTION, ADDRESS_COLLECTION],
  settings: {
    ...EGRESS_SETTINGS,
    port: { name: 'GATEWAY_PORT', kind: 'port', default: 7414, doc: 'Service gRPC (mutual TLS).' },
    publicPort: { name: 'PUBLIC_PORT', kind: 'port', default: 7400, doc: 'Connect pages, OAuth callbacks, reconnect links.' },
    adminPort: { name: 'ADMIN_PORT', kind: 'port', default: 7401, doc: 'REST API, OpenAPI page, event stream, console.' },
    adminUrl: { name: 'ADMIN_URL', kind: 'url', required: true, doc: 'Address under which administrators reach it.' },
    lingerMs: {
      name: 'LINGER_MS',
      kind: 'ms',
      default: 5_000,
      doc: 'How long a stop waits for the next request on a kept connection, to end it with the answer.',
    },
    trustProxy: { name: 'TRUST_PROXY', kind: 'list', default: [], doc: 'Reverse proxies whose X-Forwarded-For is believed.' },
  },
  start: (settings, adapters) => start({ ...settings, egress: egressOf(settings) }, adapters),
})

import { EGRESS_SETTINGS, egressOf } from '@credence/egress'
import { type ServiceMain, serviceMain } from '@credence/host'
import { start } from './service.ts'

/** `credence serve gateway` */
export const main: ServiceMain = serviceMain({
  service: 'gateway',
  settings: {
    ...EGRESS_SETTINGS,
    port: { name: 'GATEWAY_PORT', kind: 'port', default: 7414, doc: 'Service gRPC (mutual TLS).' },
    publicPort: { name: 'PUBLIC_PORT', kind: 'port', default: 7400, doc: 'Connect pages, OAuth callbacks, reconnect links.' },
    adminPort: { name: 'ADMIN_PORT', kind: 'port', default: 7401, doc: 'REST API, OpenAPI page, event stream, console.' },
    adminUrl: { name: 'ADMIN_URL', kind: 'url', required: true, doc: 'Address under which administrators reach it.' },
    trustProxy: { name: 'TRUST_PROXY', kind: 'list', default: [], doc: 'Reverse proxies whose X-Forwarded-For is believed.' },
  },
  start: (settings, adapters) => start({ ...settings, egress: egressOf(settings) }, adapters),
})

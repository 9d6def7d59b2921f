import { type ServiceMain, serviceMain } from '@credence/host'
import { VERIFICATION_COLLECTION } from './credential/record.ts'
import { start } from './service.ts'

/** `credence serve verifier` */
export const main: ServiceMain = serviceMain({
  service: 'verifier',
  collections: [VERIFICATION_COLLECTION],
  settings: { port: { name: 'VERIFIER_PORT', kind: 'port', default: 7413, doc: 'Service gRPC (mutual TLS).' } },
  start: ({ host, port }, adapters) => start({ host, port }, adapters),
})

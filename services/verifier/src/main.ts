import { EGRESS_SETTINGS, egressOf } from '@credence/egress'
import { type ServiceMain, serviceMain } from '@credence/host'
import { VERIFICATION_COLLECTION } from './credential/record.ts'
import { CHALLENGE_KEY_COLLECTION } from './identity/challenge.ts'
import { STANDING_COLLECTION } from './identity/standing.ts'
import { RESEARCH_SETTINGS, researchOf } from './research-settings.ts'
import { start } from './service.ts'

/** `credence serve verifier` */
export const main: ServiceMain = serviceMain({
  service: 'verifier',
  collections: [VERIFICATION_COLLECTION, STANDING_COLLECTION, CHALLENGE_KEY_COLLECTION],
  settings: {
    ...EGRESS_SETTINGS,
    ...RESEARCH_SETTINGS,
    port: { name: 'VERIFIER_PORT', kind: 'port', default: 7413, doc: 'Service gRPC (mutual TLS).' },
  },
  start: (settings, adapters) => {
    const { host, port } = settings
    return start({ host, port, egress: egressOf(settings), research: researchOf(settings) }, adapters)
  },
})

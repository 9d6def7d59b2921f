import { EGRESS_SETTINGS, egressOf } from '@credence/egress'
import { REFRESH_SETTINGS, refreshTimesOf, type ServiceMain, serviceMain } from '@credence/host'
import { createFailpoints } from '@credence/service'
import { COLLECTIONS } from './collections.ts'
import { LIMIT_SETTINGS } from './config.ts'
import { start } from './service.ts'

/** For `credence doctor`. */
export { keyIdIn } from './keys/key-file.ts'
export { ROOT_KEY_PLACE } from './keys/project-keys.ts'

/** `credence serve vault` */
export const main: ServiceMain = serviceMain({
  service: 'vault',
  collections: COLLECTIONS,
  settings: {
    ...EGRESS_SETTINGS,
    ...REFRESH_SETTINGS,
    ...LIMIT_SETTINGS,
    port: { name: 'VAULT_PORT', kind: 'port', default: 7411, doc: 'Service gRPC (mutual TLS).' },
    dataPort: { name: 'DATA_PORT', kind: 'port', default: 7402, doc: 'The proxy: /v1/proxy/{credential_id}/….' },
    volume: {
      name: 'VOLUME',
      kind: 'string',
      required: true,
      doc: 'Folder of this replica alone, on a volume that outlives it: audit and spill.',
    },
    keyUri: { name: 'KEY_URI', kind: 'string', required: true, doc: 'Root key: a file, the same for every replica.' },
    fenceMaxAgeMs: {
      name: 'FENCE_MAX_AGE_MS',
      kind: 'ms',
      default: 250,
      doc: 'How old what was read of an access fence may be when a use begins.',
    },
    lingerMs: {
      name: 'LINGER_MS',
      kind: 'ms',
      default: 5_000,
      doc: 'How long a stop waits for the next request on a kept connection, to end it with the answer.',
    },
    acceptRestore: {
      name: 'ACCEPT_RESTORE',
      kind: 'boolean',
      default: false,
      doc: 'Start although the store is older than what was last seen.',
    },
  },
  async start(settings, adapters) {
    const { volume: folder, keyUri: keyFile, ...config } = settings
    const given = { ...config, folder, keyFile, egress: egressOf(settings), refreshTimes: refreshTimesOf(settings) }
    const running = await start(given, { ...adapters, failpoint: createFailpoints(process.env) })
    return { ...running, authenticate: (shown) => running.authenticate(shown, 'grpc') }
  },
})

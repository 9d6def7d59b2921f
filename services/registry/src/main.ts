import { writeFile } from 'node:fs/promises'
import { type ServiceMain, serviceMain } from '@credence/host'
import { start } from './service.ts'
import { COLLECTIONS } from './store/collections.ts'

/** `credence serve registry` */
export const main: ServiceMain = serviceMain({
  service: 'registry',
  collections: COLLECTIONS,
  settings: {
    port: { name: 'REGISTRY_PORT', kind: 'port', default: 7410, doc: 'Service gRPC (mutual TLS).' },
    firstKeyFile: {
      name: 'FIRST_KEY_FILE',
      kind: 'string',
      default: './first-key',
      doc: 'Where the start that finds an empty store writes the first key, mode 0600. A file that is there is not touched.',
    },
  },
  async start({ host, port, publicUrl, firstKeyFile }, adapters) {
    const running = await start({ host, port, publicUrl }, adapters)
    if (running.firstKey !== undefined) await writeFile(firstKeyFile, `${running.firstKey}\n`, { mode: 0o600, flag: 'wx' })
    return running
  },
})

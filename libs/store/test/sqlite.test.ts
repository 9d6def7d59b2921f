import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemRandom } from '@credence/service'
import { openSqliteStore } from '../src/index.ts'
import { documentStoreContract } from './contract.ts'

documentStoreContract('sqlite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'store-'))
  const open = (): ReturnType<typeof openSqliteStore> => openSqliteStore({ file: join(folder, 'store.db'), random: systemRandom })
  let current = await open()
  return {
    store: current,
    async reopen() {
      await current.close()
      current = await open()
      return current
    },
    async dispose() {
      await current.close()
      await rm(folder, { recursive: true })
    },
  }
})

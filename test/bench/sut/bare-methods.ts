import type { CheckRequest, HeaderField, SendRequest, SendResponse } from '@credence/proto/vault'
import { VaultServiceDefinition } from '@credence/proto/vault'
import { type RpcMount, rpcMount } from '@credence/rpc'
import { Pool } from 'undici'
import { openSyncedLog } from './synced-log.ts'

/** `Check` with this path has 300 bytes on the disk before it answers. */
export const SYNCED_PATH = '/synced'

const BEARER = 'Bearer ya29.secret-secret-secret-secret-secret'

/** The vault's two methods for callers without the vault: an empty answer, and a call that is passed on as it is. */
export async function bareMount(options: {
  readonly upstreamPort: number
  readonly logFile: string
}): Promise<{ mount: RpcMount; close(): Promise<void> }> {
  const log = await openSyncedLog(options.logFile)
  const pool = new Pool(`http://127.0.0.1:${options.upstreamPort}`, { connections: 64 })
  const check = async ({ path }: CheckRequest): Promise<object> => {
    if (path === SYNCED_PATH) await log.append()
    return {}
  }
  const send = (requests: AsyncIterable<SendRequest>): AsyncGenerator<Partial<SendResponse>> => passOn(pool, requests)
  return {
    // A listener for callers mounts no other method of the vault.
    mount: rpcMount(VaultServiceDefinition, { check, send } as never),
    async close() {
      await pool.destroy()
      await log.close()
    },
  }
}

async function* passOn(pool: Pool, requests: AsyncIterable<SendRequest>): AsyncGenerator<Partial<SendResponse>> {
  const { value: first } = await requests[Symbol.asyncIterator]().next()
  if (first?.part?.$case !== 'head') return
  const { path, headers } = first.part.value
  const sent = Object.fromEntries(headers.map(({ name, value }: HeaderField) => [name, value]))
  const answer = await pool.request({ path, method: 'GET', headers: { ...sent, authorization: BEARER } })
  const got = Object.entries(answer.headers).map(([name, value]) => ({ name, value: String(value) }))
  yield { part: { $case: 'head', value: { status: answer.statusCode, headers: got, replayed: false } } }
  for await (const chunk of answer.body) yield { part: { $case: 'chunk', value: chunk as Buffer } }
}

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Pool } from 'undici'

export interface RawPosts {
  readonly port: number
  readonly path: string
  readonly concurrent: number
  readonly ms: number
}

/** What the bench asks of the process under test beside its load: counters, and the baseline that must run on the same core. */
export async function startControl(counters: {
  readonly signatureChecks: () => number
}): Promise<{ port: number; close(): Promise<void> }> {
  const server: Server = createServer((request, response) => {
    void (async () => {
      const body = (await request.toArray()) as Buffer[]
      const answer =
        request.url === '/raw-posts'
          ? await rawPosts(JSON.parse(Buffer.concat(body).toString()) as RawPosts)
          : { signatureChecks: counters.signatureChecks() }
      response.end(JSON.stringify(answer))
    })()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

const FORM = 'grant_type=refresh_token&refresh_token=rt_0123456789abcdef0123456789abcdef&client_id=client&client_secret=client-secret'

/** The raw POST loop: what a token refresh costs when nothing of it is kept. */
async function rawPosts({ port, path, concurrent, ms }: RawPosts): Promise<{ latencies: number[]; ms: number }> {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: concurrent })
  const latencies: number[] = []
  const start = performance.now()
  const until = start + ms
  const one = async (): Promise<void> => {
    do {
      const began = performance.now()
      const answer = await pool.request({
        path,
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: FORM,
      })
      await answer.body.json()
      latencies.push(performance.now() - began)
    } while (performance.now() < until)
  }
  await Promise.all(Array.from({ length: concurrent }, one))
  await pool.destroy()
  return { latencies, ms: performance.now() - start }
}

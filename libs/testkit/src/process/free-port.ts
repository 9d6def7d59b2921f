import { type AddressInfo, createServer } from 'node:net'
import { listenOnLoopback } from '../loopback-server.ts'

/** A loopback port that nobody held a moment ago; prefer port 0 wherever the server can say what it took. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await listenOnLoopback(server, 0)
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

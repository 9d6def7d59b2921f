import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { listenOnLoopback } from '../loopback-server.ts'

const FIRST_PORT = 10_000
/** Above it systems take the ports of outgoing connections and of listeners on port 0, one of which could come before whoever it is for. */
const LAST_PORT = 32_767
/** In this process: what is planned for later is not held yet. */
const given = new Set<number>()

/** A loopback port that nobody held a moment ago; prefer port 0 wherever the server can say what it took. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST_PORT, LAST_PORT + 1)
    if (given.has(port)) continue
    given.add(port)
    if (await isFree(port)) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    await listenOnLoopback(server, port)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false
    throw error
  }
  await new Promise((resolve) => server.close(resolve))
  return true
}

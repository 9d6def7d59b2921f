import { createServer } from 'node:net'
import { listenOnLoopback } from '../loopback-server.ts'

/** Below the ports that systems give to outgoing connections and to listeners on port 0: none of them comes before whoever it is for. */
const [LOWEST, HOW_MANY] = [10_000, 20_000]

/** A loopback port that nobody held a moment ago; prefer port 0 wherever the server can say what it took. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * HOW_MANY)
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

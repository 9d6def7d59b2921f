/**
 * A model of another product's credential resolution: the round trips to its database and its cache that one proxied call
 * makes there, read from its source, in sequence and nothing else. Five SQL statements, one of them a write, and three commands to
 * a store in memory. Both answer on the core of the load (`outside/model-database-main.ts`), which is in the model's favour.
 *
 *     node nango-model-main.ts <port of the database>
 */
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { runUntilSignal } from '@credence/service'

const COMMANDS = [
  'R environments',
  'GET lock:connection:1',
  'R connections',
  'R provider_configs',
  'GET usage:proxy:1',
  'R plans',
  'W',
  'INCR usage:proxy:1',
]
/** One for each caller of the bench: none waits for another's. */
const CONNECTIONS = 32

interface Connection {
  command(text: string): Promise<void>
  close(): void
}

await runUntilSignal(async () => {
  const all = await Promise.all(Array.from({ length: CONNECTIONS }, () => open(Number(process.argv[2]))))
  let next = 0
  const resolve = async (): Promise<void> => {
    const connection = all[next++ % CONNECTIONS]!
    for (const command of COMMANDS) await connection.command(command)
  }
  const server = createServer((_request, response) => void resolve().then(() => response.end('{}')))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }))
  return {
    async stop() {
      server.close()
      server.closeAllConnections()
      for (const connection of all) connection.close()
    },
  }
})

/** Answers come in the order of the commands, a line each. */
async function open(port: number): Promise<Connection> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await new Promise<void>((resolve) => socket.once('connect', resolve))
  const waiting: (() => void)[] = []
  socket.on('data', (chunk: Buffer) => {
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) waiting.shift()?.()
  })
  return {
    command: (text) =>
      new Promise((resolve) => {
        waiting.push(resolve)
        socket.write(`${text}\n`)
      }),
    close: () => void socket.destroy(),
  }
}

/**
 * A model of another product's credential resolution: the round trips to its database and its cache that one proxied call
 * makes there, read from its source, in sequence and nothing else. Five SQL statements, one of them a write, on SQLite, and three
 * commands to a store in memory over a loopback socket. SQLite has no network and no fsync here, which is in its favour.
 *
 *     node nango-model-main.ts <file> <port of the memory store>
 */
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { runUntilSignal } from '@credence/service'

const [file = '', memoryPort] = process.argv.slice(2)
const READS = ['environments', 'connections', 'provider_configs', 'plans']
const COMMANDS = ['GET lock:connection:1', 'SET usage:proxy:1 1', 'INCR usage:proxy:1']

await runUntilSignal(async () => {
  const database = openDatabase()
  const statements: StatementSync[] = READS.map((table) => database.prepare(`SELECT body FROM ${table} WHERE id = ?`))
  const write = database.prepare('UPDATE connections SET used_at = ? WHERE id = ?')
  const memory = await openMemory(Number(memoryPort))
  const resolve = async (): Promise<void> => {
    for (const statement of statements) statement.get(1)
    write.run(Date.now(), 1)
    for (const command of COMMANDS) await memory.command(command)
  }
  const server = createServer((_request, response) => void resolve().then(() => response.end('{}')))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }))
  return {
    async stop() {
      server.close()
      server.closeAllConnections()
      memory.close()
      database.close()
    },
  }
})

function openDatabase(): DatabaseSync {
  const database = new DatabaseSync(file)
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
  for (const table of READS) {
    database.exec(`CREATE TABLE IF NOT EXISTS ${table} (id INTEGER PRIMARY KEY, body TEXT, used_at INTEGER)`)
    const insert = database.prepare(`INSERT OR REPLACE INTO ${table} VALUES (?, ?, 0)`)
    for (let id = 0; id < 100; id++) insert.run(id, 'x'.repeat(800))
  }
  return database
}

/** One connection, answers in the order of the commands, as a client of such a store has it. */
async function openMemory(port: number): Promise<{ command(text: string): Promise<void>; close(): void }> {
  const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await new Promise<void>((resolve) => socket.once('connect', resolve))
  const waiting: (() => void)[] = []
  socket.on('data', (chunk) => {
    for (const byte of chunk) if (byte === 0x0a) waiting.shift()?.()
  })
  return {
    command: (text) =>
      new Promise((resolve) => {
        waiting.push(resolve)
        socket.write(`${text}\r\n`)
      }),
    close: () => void socket.destroy(),
  }
}

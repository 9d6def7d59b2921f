/**
 * The database and the cache of the model in `sut/nango-model-main.ts`, behind one loopback socket: each line is one command and is
 * answered by one line, in order. `R <table>` reads a row, `W` writes one and is on the disk when it is answered, anything else
 * is a command to a store in memory.
 *
 *     node model-database-main.ts <file>
 */
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { DatabaseSync } from 'node:sqlite'
import { runUntilSignal } from '@credence/service'

const TABLES = ['environments', 'connections', 'provider_configs', 'plans']

await runUntilSignal(async () => {
  const database = new DatabaseSync(process.argv[2] ?? '')
  fill(database)
  const reads = new Map(TABLES.map((table) => [`R ${table}`, database.prepare(`SELECT body FROM ${table} WHERE id = 1`)]))
  const write = database.prepare('UPDATE connections SET used_at = used_at + 1 WHERE id = 1')
  const answerTo = (line: string): string => {
    const read = reads.get(line)
    if (read !== undefined) return String(read.get()?.body)
    if (line === 'W') write.run()
    return 'OK'
  }
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => open.delete(socket))
    socket.on('data', (chunk) => {
      const lines = chunk.toString('latin1').trimEnd().split('\n')
      socket.write(lines.map((line) => `${answerTo(line)}\n`).join(''))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }))
  return {
    async stop() {
      server.close()
      for (const socket of open) socket.destroy()
      database.close()
    },
  }
})

function fill(database: DatabaseSync): void {
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  for (const table of TABLES) {
    database.exec(`CREATE TABLE ${table} (id INTEGER PRIMARY KEY, body TEXT, used_at INTEGER)`)
    const insert = database.prepare(`INSERT INTO ${table} VALUES (?, ?, 0)`)
    for (let id = 0; id < 100; id++) insert.run(id, 'x'.repeat(800))
  }
}

import { createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { findFreePort, findPortHolder, listeningInodes, parseLsof } from './port-holder.ts'

describe('the holder of a port', () => {
  test.runIf(process.platform === 'linux')('is this process for a port that it holds, over IPv4 and IPv6', async () => {
    for (const host of ['127.0.0.1', '::1']) {
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(0, host, resolve))
      const { port } = server.address() as { port: number }
      const holder = await findPortHolder(port)
      expect(holder?.pid).toBe(process.pid)
      expect(holder?.command).toContain('node')
      await new Promise((resolve) => server.close(resolve))
      expect(await findPortHolder(port)).toBeUndefined()
    }
  })

  test('is found among listening sockets only, and by the whole port', () => {
    const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1CE8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1 0 100 0 0 10 0
   1: 0100007F:1CE8 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 4243 1 0 20 4 30 10 -1
   2: 00000000:CE80 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4244 1 0 100 0 0 10 0`
    expect(listeningInodes(table, 7400)).toEqual(['4242'])
    expect(listeningInodes(table, 232)).toEqual([])
    expect(listeningInodes('', 7400)).toEqual([])
  })

  test('is read from what lsof prints elsewhere', () => {
    expect(parseLsof('p4711\ncnode\nf21\n')).toEqual({ pid: 4711, command: 'node' })
    expect(parseLsof('')).toBeUndefined()
  })

  test('is unknown where the system cannot be asked', async () => {
    expect(await findPortHolder(1, 'aix')).toBeUndefined()
  })
})

test('a free port can be had', async () => {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    findFreePort('127.0.0.1').then((port) => server.listen(port, '127.0.0.1', resolve), reject)
  })
  await new Promise((resolve) => server.close(resolve))
})

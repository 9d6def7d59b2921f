import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'

/** What stands before replicas: one address, a connection each to the next replica that answers. */
export interface Balancer {
  readonly port: number
  close(): Promise<void>
}

/** `ports` are asked for at each connection, so that replicas may come and go. */
export async function startBalancer(ports: () => readonly number[]): Promise<Balancer> {
  let turn = 0
  const open = new Set<Socket>()
  const server = createServer((client) => {
    const all = ports()
    turn++
    void forward(
      client,
      all.map((_, i) => all[(turn + i) % all.length]!),
    )
  })
  async function forward(client: Socket, targets: readonly number[]): Promise<void> {
    hold(client)
    for (const port of targets) {
      const upstream = await connected(port)
      if (upstream === undefined) continue
      hold(upstream)
      client.pipe(upstream).pipe(client)
      client.once('close', () => upstream.destroy())
      upstream.once('close', () => client.destroy())
      return
    }
    client.destroy()
  }
  function hold(socket: Socket): void {
    open.add(socket)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => open.delete(socket))
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of open) socket.destroy()
      }),
  }
}

function connected(port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    socket.once('connect', () => resolve(socket))
    socket.once('error', () => resolve(undefined))
  })
}

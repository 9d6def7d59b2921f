import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Passes bytes on to a port of this machine, and knows how many connections are open. */
export interface CountingProxy {
  readonly port: number
  /** So far. */
  readonly taken: number
  readonly open: number
  close(): Promise<void>
}

export async function startCountingProxy(target: number): Promise<CountingProxy> {
  const open = new Set<Socket>()
  let taken = 0
  const server = createServer((socket) => {
    taken++
    open.add(socket)
    const onward = connect(target, '127.0.0.1')
    socket.pipe(onward).pipe(socket)
    const end = (): void => {
      open.delete(socket)
      socket.destroy()
      onward.destroy()
    }
    for (const side of [socket, onward]) side.once('close', end).once('error', end)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    get taken() {
      return taken
    },
    get open() {
      return open.size
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of open) socket.destroy()
      }),
  }
}

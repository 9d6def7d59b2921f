import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A port before another one: whoever connects while it is shut waits, with his connection open and not a byte answered. */
export interface Gate {
  readonly port: number
  /** Connections that wait. */
  held(): number
  set(open: boolean): void
  close(): void
}

export async function startGate(targetPort: number): Promise<Gate> {
  let isOpen = true
  const held = new Set<Socket>()
  const all = new Set<Socket>()
  const pass = (socket: Socket): void => {
    const target = connect(targetPort, '127.0.0.1')
    all.add(target)
    target.on('error', () => socket.destroy())
    socket.on('close', () => target.destroy())
    socket.pipe(target).pipe(socket)
  }
  const server = createServer((socket) => {
    all.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      held.delete(socket)
      all.delete(socket)
    })
    if (isOpen) pass(socket)
    else held.add(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    held: () => held.size,
    set(open) {
      isOpen = open
      if (!open) return
      for (const socket of held) pass(socket)
      held.clear()
    },
    close() {
      for (const socket of all) socket.destroy()
      server.close()
    },
  }
}

import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { pipeline, Transform } from 'node:stream'

/** A way to a server that can be cut, as a network is: both ends are well. */
export interface CuttingProxy {
  readonly port: number
  /** `refuse`: every connection ends, and each new one at once. `hang`: they stay, new ones are taken, and nothing gets through. */
  cut(how: 'refuse' | 'hang'): void
  /** Connections are taken again; what hung goes on where it was. */
  heal(): void
  close(): Promise<void>
}

export async function startCuttingProxy(target: number): Promise<CuttingProxy> {
  const sockets = new Set<Socket>()
  let state: 'whole' | 'refuse' | 'hang' = 'whole'
  let held: (() => void)[] = []
  const gate = (): Transform =>
    new Transform({
      transform(chunk, _encoding, pass) {
        if (state === 'hang') held.push(() => pass(null, chunk))
        else pass(null, chunk)
      },
    })
  const server = createServer((near) => {
    if (state === 'refuse') return void near.destroy()
    const far = connect({ port: target, host: '127.0.0.1', noDelay: true })
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
      pipeline(socket, gate(), other, () => {
        socket.destroy()
        other.destroy()
      })
    }
  })
  const heal = (): void => {
    state = 'whole'
    const passing = held
    held = []
    for (const pass of passing) pass()
  }
  const drop = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    cut(how) {
      state = how
      if (how === 'refuse') drop()
    },
    heal,
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      heal()
      drop()
      return closed
    },
  }
}

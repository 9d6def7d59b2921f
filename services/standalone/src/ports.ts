import { createServer } from 'node:net'
import { CodedError, type Fault } from '@credence/errors'

/**
 * Looks whether every port can be had before anything starts, so that a busy one is named by its setting and nothing is
 * half-started; 0 becomes a free port. Throws PORT_IN_USE with every busy one.
 */
export async function claimPorts<N extends string>(host: string, ports: Readonly<Record<N, number>>): Promise<Record<N, number>> {
  const claimed: Partial<Record<N, number>> = {}
  const faults: Fault[] = []
  for (const name of Object.keys(ports) as N[]) {
    const port = await tryPort(host, ports[name])
    if (port === undefined)
      faults.push({
        pointer: `/CREDENCE_${name}`,
        code: 'port_in_use',
        detail: `Port ${ports[name]} is in use; ${await tryPort(host, 0)} is free.`,
      })
    else claimed[name] = port
  }
  if (faults.length > 0) throw new CodedError('PORT_IN_USE', faults.map((fault) => fault.detail).join(' '), { faults })
  return claimed as Record<N, number>
}

function tryPort(host: string, port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen(port, host, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined))
    })
  })
}

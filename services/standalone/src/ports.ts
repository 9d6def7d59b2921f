import { createServer, type Server } from 'node:net'
import { CodedError, type Fault } from '@credence/errors'
import type { Random } from '@credence/service'

export interface ClaimedPorts<N extends string> {
  readonly ports: Readonly<Record<N, number>>
  /** Lets go of the ports that were picked, for those who are to listen there. */
  release(): Promise<void>
}

/** Below the ports that systems give to outgoing connections (Linux: 32768 and up), which one of them could take meanwhile. */
const PICKED_FROM = 10_000
const PICKED_BELOW = 32_768
const MOST_PICKS = 100

/**
 * Looks whether every port can be had before anything starts, so that a busy one is named by its setting and nothing is
 * half-started. 0 is left to the listener; but those that must be `known` before they have one are picked and held.
 * Throws PORT_IN_USE with every busy one.
 */
export async function claimPorts<N extends string>(
  host: string,
  wanted: Readonly<Record<N, number>>,
  { known, random }: { readonly known: readonly NoInfer<N>[]; readonly random: Random },
): Promise<ClaimedPorts<N>> {
  const ports: Record<N, number> = { ...wanted }
  const held: Server[] = []
  const faults: Fault[] = []
  const release = async (): Promise<void> => {
    await Promise.all(held.splice(0).map(closed))
  }
  for (const name of Object.keys(wanted) as N[]) {
    if (wanted[name] === 0) {
      if (known.includes(name)) ports[name] = await pick(host, random, held)
    } else if (!(await isFree(host, wanted[name]))) {
      const detail = `Port ${wanted[name]} is in use; ${await pick(host, random, held)} is free.`
      faults.push({ pointer: `/CREDENCE_${name}`, code: 'port_in_use', detail })
    }
  }
  if (faults.length === 0) return { ports, release }
  await release()
  throw new CodedError('PORT_IN_USE', faults.map((fault) => fault.detail).join(' '), { faults })
}

async function pick(host: string, random: Random, held: Server[]): Promise<number> {
  for (let picks = 0; picks < MOST_PICKS; picks++) {
    const port = PICKED_FROM + Math.floor(random.fraction() * (PICKED_BELOW - PICKED_FROM))
    const server = await listening(host, port)
    if (server === undefined) continue
    held.push(server)
    return port
  }
  throw new CodedError('PORT_IN_USE', `No free port was found on ${host}.`)
}

async function isFree(host: string, port: number): Promise<boolean> {
  const server = await listening(host, port)
  if (server !== undefined) await closed(server)
  return server !== undefined
}

function listening(host: string, port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', () => resolve(undefined))
    server.listen(port, host, () => resolve(server))
  })
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}

import { type AddressInfo, createServer } from 'node:net'
import { seededRandom } from '@credence/testkit'
import { describe, expect, test } from 'vitest'
import { claimPorts } from './ports.ts'

const HOST = '127.0.0.1'
const options = () => ({ known: ['PUBLIC_PORT' as const], random: seededRandom(1) })

describe('claiming ports', () => {
  test('leaves 0 to the listener, but picks what must be known before, and holds it until it is let go', async () => {
    const first = await claimPorts(HOST, { PUBLIC_PORT: 0, API_PORT: 0 }, options())
    expect(first.ports.API_PORT).toBe(0)
    // Beside the first, with the same chance: it must come to another port.
    const second = await claimPorts(HOST, { PUBLIC_PORT: 0, API_PORT: 0 }, options())
    expect(second.ports.PUBLIC_PORT).not.toBe(first.ports.PUBLIC_PORT)
    await Promise.all([first.release(), second.release()])
    const third = await claimPorts(HOST, { PUBLIC_PORT: first.ports.PUBLIC_PORT, API_PORT: 0 }, options())
    expect(third.ports).toEqual({ PUBLIC_PORT: first.ports.PUBLIC_PORT, API_PORT: 0 })
    await third.release()
  })

  test('names every busy port with one that is free, and holds none', async () => {
    const holder = createServer()
    await new Promise<void>((resolve) => holder.listen(0, HOST, resolve))
    const { port } = holder.address() as AddressInfo
    const busy = claimPorts(HOST, { PUBLIC_PORT: port, API_PORT: port }, options())
    await expect(busy).rejects.toMatchObject({ code: 'PORT_IN_USE' })
    const { details } = await busy.catch((error) => error)
    const sentence = new RegExp(`^Port ${port} is in use; (\\d+) is free\\.$`)
    const free = details.faults.map(({ detail }: { detail: string }) => Number(sentence.exec(detail)?.[1]))
    expect(details.faults.map(({ pointer }: { pointer: string }) => pointer)).toEqual(['/CREDENCE_PUBLIC_PORT', '/CREDENCE_API_PORT'])
    await new Promise((resolve) => holder.close(resolve))
    const [PUBLIC_PORT, API_PORT] = free
    const claimed = await claimPorts(HOST, { PUBLIC_PORT, API_PORT }, options())
    expect(claimed.ports).toEqual({ PUBLIC_PORT, API_PORT })
  })
})

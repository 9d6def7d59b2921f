import net from 'node:net'
import { CodedError } from '@credence/errors'
import { systemClock, systemRandom } from '@credence/service'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { type Connect, createEgress, type Egress, parseEgressSettings, type Resolver } from '../src/index.ts'
import { egressFor, HOST, type Loopback, mirror, outbound, settingsFor, startTls, textOf } from './loopback.ts'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close()
})

/** An egress whose name answers are given and whose connects are only counted: nothing leaves the process. */
function walled(answers: readonly string[], env: { allow?: string; resolve?: string } = {}): { egress: Egress; connected: string[] } {
  const connected: string[] = []
  const resolver: Resolver = async () => answers
  const connect: Connect = ({ address, port }) => {
    connected.push(`${address} ${port}`)
    const socket = new net.Socket()
    queueMicrotask(() => socket.destroy())
    return socket
  }
  const egress = createEgress({ settings: parseEgressSettings(env), clock: systemClock, random: systemRandom, resolver, connect })
  open.push(egress)
  return { egress, connected }
}

async function outcome(egress: Egress, changes: Parameters<typeof outbound>[0] = {}): Promise<string> {
  const error: unknown = await egress.send(outbound(changes)).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof CodedError)) throw error
  const { sent, cause } = error.details.facts ?? {}
  return `${error.code} ${cause} ${sent}`
}

const PRIVATE = [
  '10.0.0.1',
  '127.0.0.1',
  '192.168.1.1',
  '172.16.0.1',
  '100.64.0.1',
  '::1',
  'fd00::1',
  '::ffff:10.0.0.1',
  '64:ff9b::10.0.0.1',
]
const NEVER = ['169.254.169.254', 'fe80::1', 'fd00:ec2::254', '100.100.100.200', '0.0.0.0', '::', '224.0.0.1', '::ffff:169.254.169.254']

describe('addresses', () => {
  test('[S1-3] a name that resolves to a private address is refused before any connect', async () => {
    for (const address of PRIVATE) {
      const { egress, connected } = walled([address])
      expect(await outcome(egress)).toBe('ADDRESS_REFUSED private no')
      expect(connected).toEqual([])
    }
  })

  test('[S1-3] one private answer among public ones refuses them all', async () => {
    const { egress, connected } = walled(['93.184.215.14', '2606:4700::1111', '10.0.0.1'])
    expect(await outcome(egress)).toBe('ADDRESS_REFUSED private no')
    expect(connected).toEqual([])
  })

  test('[S1-3] link-local and metadata addresses are refused even where a list covers them', async () => {
    for (const address of NEVER) {
      const { egress, connected } = walled([address], { allow: `${HOST}:443,0.0.0.0/0:443,[::]/0:443` })
      expect(await outcome(egress)).toBe('ADDRESS_REFUSED never no')
      expect(connected).toEqual([])
    }
  })

  test('[S1-3] an address in the URL is checked like one from a name', async () => {
    const hosts = [
      '127.0.0.1',
      '2130706433',
      '0x7f.1',
      '0177.0.0.1',
      '127.1',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '10.0.0.1',
      '[64:ff9b::a00:1]',
    ]
    for (const host of hosts) {
      const { egress, connected } = walled([])
      expect(await outcome(egress, { url: `https://${host}/`, hosts: [`https://${host}`] })).toBe('ADDRESS_REFUSED private no')
      expect(connected).toEqual([])
    }
    const { egress } = walled([])
    expect(await outcome(egress, { url: 'https://169.254.169.254/', hosts: ['https://169.254.169.254'] })).toBe('ADDRESS_REFUSED never no')
  })

  test('[S1-3] a listed address is called by the project and at the port of the list only', async () => {
    const cases = [
      ['10.0.0.0/8:443', 'UPSTREAM_UNREACHABLE connect no', 1],
      [`${HOST}:443`, 'UPSTREAM_UNREACHABLE connect no', 1],
      ['proj_a=10.1.2.3:443', 'UPSTREAM_UNREACHABLE connect no', 1],
      ['proj_b=10.0.0.0/8:443', 'ADDRESS_REFUSED private no', 0],
      ['10.0.0.0/8:8443', 'ADDRESS_REFUSED private no', 0],
      ['other.example.test:443', 'ADDRESS_REFUSED private no', 0],
      ['10.1.2.4:443', 'ADDRESS_REFUSED private no', 0],
    ] as const
    for (const [allow, expected, connects] of cases) {
      const { egress, connected } = walled(['10.1.2.3'], { allow })
      expect([allow, await outcome(egress)]).toEqual([allow, expected])
      expect(connected).toHaveLength(connects)
    }
  })

  test('[S1-3] a mapped address needs its own entry in the list', async () => {
    const resolve = `${HOST}:443=10.0.0.9:8443`
    const unlisted = walled([], { resolve, allow: `${HOST}:443,${HOST}:8443,10.0.0.9:443` })
    expect(await outcome(unlisted.egress)).toBe('ADDRESS_REFUSED private no')
    expect(unlisted.connected).toEqual([])
    const listed = walled([], { resolve, allow: '10.0.0.9:8443' })
    expect(await outcome(listed.egress)).toBe('UPSTREAM_UNREACHABLE connect no')
    expect(listed.connected).toEqual(['10.0.0.9 8443'])
    const metadata = walled([], { resolve: `${HOST}:443=169.254.169.254:80`, allow: '0.0.0.0/0:80' })
    expect(await outcome(metadata.egress)).toBe('ADDRESS_REFUSED never no')
  })

  test('public addresses are connected to as they were checked, one after the other', async () => {
    const { egress, connected } = walled(['93.184.215.14', '2606:4700::1111'])
    expect(await outcome(egress)).toBe('UPSTREAM_UNREACHABLE connect no')
    expect(connected).toEqual(['93.184.215.14 443', '2606:4700:0:0:0:0:0:1111 443'])
  })

  test('plain http is refused to a public address, and to none that is listed', async () => {
    const request = { url: `http://${HOST}/`, hosts: [`http://${HOST}`] }
    expect(await outcome(walled(['93.184.215.14']).egress, request)).toBe('ADDRESS_REFUSED insecure no')
    expect(await outcome(walled(['93.184.215.14'], { allow: `${HOST}:80` }).egress, request)).toBe('UPSTREAM_UNREACHABLE connect no')
  })

  test('a name without answers, or a resolver that fails, is unreachable', async () => {
    expect(await outcome(walled([]).egress)).toBe('UPSTREAM_UNREACHABLE dns no')
    const resolver = (): Promise<string[]> => Promise.reject(new TypeError('refused'))
    const egress = createEgress({ settings: parseEgressSettings({}), clock: systemClock, random: systemRandom, resolver })
    open.push(egress)
    expect(await outcome(egress)).toBe('UPSTREAM_UNREACHABLE dns no')
  })

  test('[S1-3] a name that flips between lookups is never connected to a private address', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 4 }), async (flips) => {
        const connected: string[] = []
        const turns = [...flips]
        const resolver: Resolver = async () => [turns.shift() ? '10.0.0.1' : '93.184.215.14']
        const connect: Connect = ({ address }) => {
          connected.push(address)
          const socket = new net.Socket()
          queueMicrotask(() => socket.destroy())
          return socket
        }
        const egress = createEgress({ settings: parseEgressSettings({}), clock: systemClock, random: systemRandom, resolver, connect })
        for (const _ of flips) await outcome(egress)
        await egress.close()
        return !connected.includes('10.0.0.1') && connected.length === flips.filter((flip) => !flip).length
      }),
      { numRuns: 50 },
    )
  })
})

describe('the connection', () => {
  async function server(names?: readonly string[]): Promise<Loopback> {
    const started = await startTls(mirror, names)
    open.push(started)
    return started
  }

  test('[S1-3] that ends elsewhere than checked is dropped before a byte is written', async () => {
    const loopback = await server()
    const settings = parseEgressSettings({ allow: '10.0.0.1:443', resolve: `${HOST}:443=10.0.0.1:443` })
    const connect: Connect = () => net.connect(loopback.port, '127.0.0.1')
    const egress = createEgress({ settings: { ...settings, extraCa: loopback.ca }, clock: systemClock, random: systemRandom, connect })
    open.push(egress)
    expect(await outcome(egress)).toBe('ADDRESS_REFUSED pinned no')
  })

  test('to a server with a certificate for another name is refused', async () => {
    const loopback = await server(['other.example.test'])
    const egress = egressFor(loopback)
    open.push(egress)
    expect(await outcome(egress)).toBe('UPSTREAM_UNREACHABLE tls no')
  })

  test('to a server of an unknown authority is refused', async () => {
    const loopback = await server()
    const { allow, resolve } = settingsFor(loopback)
    const egress = createEgress({ settings: { allow, resolve }, clock: systemClock, random: systemRandom })
    open.push(egress)
    expect(await outcome(egress)).toBe('UPSTREAM_UNREACHABLE tls no')
  })

  test('[B-3] to the right server sends nothing when the host is not in the list of the credential', async () => {
    const loopback = await server()
    const egress = egressFor(loopback)
    open.push(egress)
    expect(await outcome(egress, { hosts: [] })).toBe('HOST_REFUSED undefined no')
    expect(await outcome(egress, { hosts: ['https://other.example.test'] })).toBe('HOST_REFUSED undefined no')
    expect(loopback.connections()).toBe(0)
    expect(JSON.parse(await textOf(await egress.send(outbound()))).path).toBe('/v1/things')
  })
})

import { addFacts, type HasOutbox, OUTBOX_INDEX, openJetStreamBus, startRelay } from '@credence/events'
import { systemClock as clock, createLogger, systemRandom as random } from '@credence/service'
import { openMongoStore } from '@credence/store'
import { freePort, haveMongodb, haveNats, type MongodbServer, type NatsServer, startMongodb, startNats } from '@credence/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Ended, runCli } from './run-cli.ts'

const CANARY = 'canary-9e2a'
const haveBoth = (await haveMongodb()) && (await haveNats())
const log = createLogger({ service: 'test', level: 'silent' })
const PAST = '2020-01-01T00:00:00Z'

describe.runIf(haveBoth)('events replay', { timeout: 60_000 }, () => {
  let mongodb: MongodbServer
  let nats: NatsServer
  beforeAll(async () => {
    ;[mongodb, nats] = await Promise.all([startMongodb(), startNats()])
    await tellTwice('vault')
    await tellTwice('token-refresher')
  })
  afterAll(async () => {
    for (const engine of [mongodb, nats]) await engine?.stop()
  })

  /** Two facts of a service, which its relay has published. */
  async function tellTwice(source: 'vault' | 'token-refresher'): Promise<void> {
    const store = await openMongoStore({ url: mongodb.url, database: `credence_${source.replaceAll('-', '_')}`, random })
    const bus = await openJetStreamBus({ servers: [nats.url], clock, random, log })
    const name = `${source.replaceAll('-', '_')}_things`
    const things = await store.collection<HasOutbox>({ name, indexes: [OUTBOX_INDEX] })
    const type = source === 'vault' ? 'credential.refreshed' : 'credential.expired'
    const told = { source, project: 'proj_aaaaaaaaaaaaaaaaaaaaaaaaaa', subject: 'cred_a', now: clock.now(), random }
    await things.insert(addFacts({ id: 'cred_a', v: 1, outbox: [], factSeq: 0 }, [{ type }, { type }], told))
    const relay = await startRelay({ source, store, collections: [things], bus, clock, log })
    await relay.drain()
    await relay.stop()
    await bus.close()
    await store.close()
  }

  const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
    runCli(['events', 'replay', ...args], { env: { CREDENCE_STORE_URL: mongodb.url, CREDENCE_NATS_URL: nats.url, ...env } })

  async function stateNow(): Promise<{ readonly epoch: string; readonly newest: number }> {
    const bus = await openJetStreamBus({ servers: [nats.url], clock, random, log })
    const state = await bus.stream!.state({ fresh: true })
    await bus.close()
    return state
  }

  test('[C-2] counts what it would put on the stream, and puts it there when it is told to', async () => {
    const before = (await stateNow()).newest
    const counted = await run(['--from', PAST])
    expect([counted.code, counted.stderr]).toEqual([0, ''])
    expect(counted.stdout).toBe('4 facts (vault 2, token-refresher 2) would be put on the stream again: --publish does it.\n')
    expect((await stateNow()).newest).toBe(before)
    const done = await run(['--from', PAST, '--publish', '-o', 'json'])
    expect(JSON.parse(done.stdout)).toEqual({ published: true, stopped: false, facts: 4, sources: { vault: 2, 'token-refresher': 2 } })
    expect(done.stderr).toBe('vault: 2 published\ntoken-refresher: 2 published\n')
    expect((await stateNow()).newest).toBe(before + 4)
  })

  test('takes only what was asked for, and without a store what follows a cursor', async () => {
    const factsOf = async (...args: string[]): Promise<number> =>
      (JSON.parse((await run([...args, '-o', 'json'])).stdout) as { facts: number }).facts
    expect(await factsOf('--from', PAST, '--source', 'vault')).toBe(2)
    expect(await factsOf('--from', PAST, '--types', 'credential.expired')).toBe(2)
    expect(await factsOf('--from', PAST, '--to', PAST)).toBe(0)
    const { epoch, newest } = await stateNow()
    const after = async (position: number): Promise<string> =>
      (await run(['--from', `${epoch}.${position}`], { CREDENCE_STORE_URL: '' })).stdout
    expect(await after(newest - 1)).toMatch(/^1 fact \(/)
    expect(await after(newest)).toMatch(/^0 facts would/)
    expect(await factsOf('--from', new Date(clock.now() + 60_000).toISOString())).toBe(0)
  })

  test.each([
    [['--from', 'yesterday'], {}, /INVALID_CURSOR/, 1],
    [['--from', PAST, '--to', 'soon'], {}, /\/--to/, 2],
    [['--from', PAST, '--source', 'everybody'], {}, /\/--source/, 2],
    [['--from', PAST], { CREDENCE_NATS_URL: '' }, /\/CREDENCE_NATS_URL/, 2],
    [['--from', PAST], { CREDENCE_STORE_URL: '' }, /\/CREDENCE_STORE_URL/, 2],
    [['--from', PAST], { CREDENCE_STORE_URL: `postgres://u:${CANARY}@h/` }, /\/CREDENCE_STORE_URL/, 2],
  ] as const)('a wrong use is told with what to do: %j %j', async (args, env, says, exit) => {
    const { code, stdout, stderr } = await run(args, env)
    expect([code, stdout]).toEqual([exit, ''])
    expect(stderr).toMatch(says)
    expect(stderr).not.toContain(CANARY)
  })

  test('without its engines it says which one is away, and never a password', async () => {
    const away = await freePort()
    const store = await run(['--from', PAST], { CREDENCE_STORE_URL: `mongodb://u:${CANARY}@127.0.0.1:${away}/` })
    expect([store.code, store.stderr]).toEqual([3, expect.stringContaining('The event log of registry cannot be read')])
    const bus = await run(['--from', PAST, '--publish'], { CREDENCE_NATS_URL: `nats://u:${CANARY}@127.0.0.1:${away}` })
    expect([bus.code, bus.stderr]).toEqual([3, expect.stringContaining('NATS does not take the facts; 0 were published')])
    expect(store.stderr + bus.stderr).not.toContain(CANARY)
  })
})

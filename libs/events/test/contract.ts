import { currentTraceId } from '@credence/service'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { EventBus, Fact } from '../src/index.ts'
import { credential, fact, isDelivery, PROJECT, Seen, take } from './setting.ts'

/** One storage with the bus on it. Opening again is what a process does that starts. */
export interface BusSetting {
  open(): Promise<EventBus>
  /** Ends the newest bus as a killed process ends: nothing that it has in hand is kept any more. */
  crash(): Promise<void>
  /** Begins with an empty storage, as after the loss of it. */
  lose(): Promise<void>
  close(): Promise<void>
}

type Open = () => Promise<BusSetting>

/** What every adapter of `EventBus` must do; B1 to B3 are the rules of the port. */
export function eventBusContract(name: string, openSetting: Open): void {
  const start = async (): Promise<{ setting: BusSetting; bus: EventBus }> => {
    const setting = await openSetting()
    onTestFinished(() => setting.close())
    return { setting, bus: await setting.open() }
  }
  describe(`${name} as an event bus`, () => {
    publishing(start)
    subscribing(start)
    retrying(start)
    reading(start)
    resetting(start)
  })
}

type Start = () => Promise<{ readonly setting: BusSetting; readonly bus: EventBus }>

const [A, B, C] = [credential(1), credential(2), credential(3)]

function publishing(start: Start): void {
  test('B1 a fact that is published again is delivered once', async () => {
    const { bus } = await start()
    const repeated = fact(A, 1)
    await Promise.all([bus.publish([repeated]), bus.publish([repeated]), bus.publish([repeated])])
    await bus.publish([repeated, fact(A, 2)])
    const seen = await subscribe(bus, 'once')
    await seen.until((facts) => facts.length >= 2)
    await bus.publish([repeated, fact(A, 3)])
    await seen.until((facts) => facts.some(({ seq }) => seq === 3))
    expect(seen.seqsOf(A)).toEqual([1, 2, 3])
  })

  test('B1 what was published is there after a crash, whole', async () => {
    const { setting, bus } = await start()
    const whole = fact(A, 7, {
      type: 'credential.verified',
      source: 'verifier',
      data: { version: 7, actor: 'user', account_changed: true },
      traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
    })
    await bus.publish([whole])
    await setting.crash()
    const seen = await subscribe(await setting.open(), 'later')
    await seen.until((facts) => facts.length === 1)
    expect(seen.facts).toEqual([whole])
  })

  test('the facts of each subject come in their order', async () => {
    const { bus } = await start()
    const subjects = [A, B, C]
    const seen = await subscribe(bus, 'ordered')
    const mixed = Array.from({ length: 30 }, (_, i) => subjects.map((subject) => fact(subject, i + 1))).flat()
    for (let at = 0; at < mixed.length; at += 30) await bus.publish(mixed.slice(at, at + 30))
    await seen.until((facts) => facts.length === mixed.length)
    const ascending = Array.from({ length: 30 }, (_, i) => i + 1)
    for (const subject of subjects) expect(seen.seqsOf(subject)).toEqual(ascending)
  })
}

function subscribing(start: Start): void {
  test('[C-2] B2 a subscriber that was down reads what it missed, and nothing again', async () => {
    const { setting, bus } = await start()
    const first = await subscribe(bus, 'down')
    await bus.publish([fact(A, 1)])
    await first.until((facts) => facts.length === 1)
    await bus.close()
    const between = await setting.open()
    await between.publish([fact(A, 2), fact(A, 3, { type: 'credential.expired', source: 'token-refresher' })])
    await between.close()
    const again = await subscribe(await setting.open(), 'down')
    await again.until((facts) => facts.length >= 2)
    expect(again.facts.map(({ seq, type }) => `${seq} ${type}`)).toEqual(['2 credential.refreshed', '3 credential.expired'])
  })

  test('B2 a fact whose handler had not resolved comes again after a crash', async () => {
    const { setting, bus } = await start()
    await bus.publish([fact(A, 1), fact(B, 1), fact(A, 2)])
    const started = new Seen()
    await bus.subscribe('crashed', {}, async ({ fact: given }) => {
      started.add(given)
      if (given.subject === A) await new Promise(() => undefined)
    })
    await started.until((facts) => facts.length === 2)
    await setting.crash()
    const again = await subscribe(await setting.open(), 'crashed')
    await again.until((facts) => facts.some(({ subject, seq }) => subject === A && seq === 2))
    expect(again.seqsOf(A)).toEqual([1, 2])
  })

  test('B2 the cursor stays before a fact whose handler failed, whatever came after it', async () => {
    const { bus } = await start()
    const calls = new Seen()
    let fail: () => void = () => undefined
    const failing = new Promise<never>((_, reject) => {
      fail = () => reject(new TypeError('stopped in the middle'))
    })
    const subscription = await bus.subscribe('stopped', {}, async ({ fact: given }) => {
      calls.add(given)
      if (given.subject === A) await failing
    })
    await bus.publish([fact(A, 1), fact(B, 1), fact(B, 2)])
    await calls.until((facts) => facts.length === 3)
    const closed = subscription.close()
    fail()
    await closed
    const again = await subscribe(bus, 'stopped')
    await again.until((facts) => facts.some(({ subject }) => subject === A))
    expect(again.seqsOf(A)).toEqual([1])
  })

  test('a handler runs in the trace of the change that caused its fact', async () => {
    const { bus } = await start()
    const traces: (string | undefined)[] = []
    const seen = new Seen()
    await bus.subscribe('traced', {}, async ({ fact: given }) => {
      traces.push(currentTraceId())
      seen.add(given)
    })
    await bus.publish([fact(A, 1, { traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01` }), fact(A, 2)])
    await seen.until((facts) => facts.length === 2)
    expect(traces).toEqual(['1'.repeat(32), undefined])
  })

  test('every durable name gets all that its filter lets through', async () => {
    const { bus } = await start()
    const other = PROJECT.replace(/.$/, '1')
    await bus.publish([
      fact(A, 1),
      fact(A, 2, { type: 'credential.revoked' }),
      fact(B, 1, { type: 'provider.updated', source: 'registry' }),
      fact(C, 1, { project: other }),
      fact(C, 2, { type: 'session.failed', source: 'gateway' }),
    ])
    const all = await subscribe(bus, 'all')
    const prefix = await subscribe(bus, 'prefix', { types: ['credential.'], project: PROJECT })
    const exact = await subscribe(bus, 'exact', { types: ['provider.updated', 'session.failed'] })
    await Promise.all([all.until((f) => f.length === 5), prefix.until((f) => f.length === 2), exact.until((f) => f.length === 2)])
    expect(prefix.seqsOf(A)).toEqual([1, 2])
    expect(exact.facts.map(({ type }) => type).sort()).toEqual(['provider.updated', 'session.failed'])
  })

  test('a closed subscription hears nothing more until it subscribes again', async () => {
    const { bus } = await start()
    const seen = new Seen()
    const subscription = await bus.subscribe('pausing', {}, async ({ fact: given }) => seen.add(given))
    await bus.publish([fact(A, 1)])
    await seen.until((facts) => facts.length === 1)
    await subscription.close()
    await bus.publish([fact(A, 2)])
    const witness = await subscribe(bus, 'witness')
    await witness.until((facts) => facts.length === 2)
    expect(seen.seqsOf(A)).toEqual([1])
    const again = await subscribe(bus, 'pausing')
    await again.until((facts) => facts.length === 1)
    expect(again.seqsOf(A)).toEqual([2])
  })
}

function retrying(start: Start): void {
  test('B3 a handler that throws is given the same fact again while other subjects go on', async () => {
    const { bus } = await start()
    const calls = new Seen()
    const done = new Seen()
    await bus.subscribe('failing', {}, async ({ fact: given }) => {
      calls.add(given)
      if (given.subject === A && done.seqsOf(B).length < 5) throw new TypeError('not yet')
      done.add(given)
    })
    await bus.publish([fact(A, 1), fact(A, 2), fact(B, 1)])
    await calls.until((facts) => facts.filter(({ subject }) => subject === A).length >= 2)
    await bus.publish([2, 3, 4, 5].map((seq) => fact(B, seq)))
    await done.until((facts) => facts.length === 7)
    expect(done.seqsOf(B)).toEqual([1, 2, 3, 4, 5])
    expect(done.seqsOf(A)).toEqual([1, 2])
    expect(calls.seqsOf(A).filter((seq) => seq === 1).length).toBeGreaterThanOrEqual(3)
  })
}

function reading(start: Start): void {
  test('a reader continues after its cursor and then follows the stream', async () => {
    const { bus } = await start()
    await bus.publish([fact(A, 1), fact(A, 2), fact(A, 3)])
    const [first] = await take(bus, 1, { from: new Date(0) })
    const following = take(bus, 3, { from: first!.cursor })
    await bus.publish([fact(A, 4)])
    expect((await following).filter(isDelivery).map(({ fact: read }) => read.seq)).toEqual([2, 3, 4])
  })

  test('a cursor stays good when the bus is opened again', async () => {
    const { setting, bus } = await start()
    await bus.publish([fact(A, 1), fact(A, 2)])
    const [first] = await take(bus, 1, { from: new Date(0) })
    await setting.crash()
    const rest = await take(await setting.open(), 1, { from: first!.cursor })
    expect(rest.filter(isDelivery).map(({ fact: read }) => read.seq)).toEqual([2])
  })

  test('a reader without a place begins with what comes, through its filter', async () => {
    const { bus } = await start()
    await bus.publish([fact(A, 1)])
    const reading = take(bus, 1, { filter: { types: ['credential.revoked'] } })
    await bus.publish([fact(A, 2), fact(A, 3, { type: 'credential.revoked' })])
    expect((await reading).filter(isDelivery).map(({ fact: read }) => read.seq)).toEqual([3])
  })

  test('a reader ends when its signal aborts or the bus is closed', async () => {
    const { bus } = await start()
    const stop = new AbortController()
    const aborted = drainReader(bus, stop.signal)
    const closed = drainReader(bus, new AbortController().signal)
    stop.abort()
    expect(await aborted).toBe(0)
    await bus.close()
    expect(await closed).toBe(0)
  })
}

function resetting(start: Start): void {
  test('a cursor of a lost stream gets one reset and then everything from the oldest', async () => {
    const { setting, bus } = await start()
    await bus.publish([fact(A, 1), fact(A, 2)])
    const [old] = await take(bus, 1, { from: new Date(0) })
    await bus.close()
    await setting.lose()
    const anew = await setting.open()
    await anew.publish([fact(A, 3), fact(A, 4)])
    const messages = await take(anew, 3, { from: old!.cursor })
    expect(messages.map((message) => (isDelivery(message) ? message.fact.seq : 'reset'))).toEqual(['reset', 3, 4])
    expect(messages[0]).toHaveProperty('oldest', expect.any(Date))
    const on = await take(anew, 2, { from: messages[0]!.cursor })
    expect(on.map((message) => (isDelivery(message) ? message.fact.seq : 'reset'))).toEqual([3, 4])
  })

  test('a reset of an empty stream names no time and its cursor goes on', async () => {
    const { bus } = await start()
    const [reset] = await take(bus, 1, { from: '0.5' })
    expect(reset).toEqual({ reset: true, cursor: expect.stringMatching(/^[0-9a-z]+\.[0-9]+$/) })
    const following = take(bus, 1, { from: reset!.cursor })
    await bus.publish([fact(A, 1)])
    expect((await following).filter(isDelivery)).toHaveLength(1)
  })

  test('a malformed cursor is refused before anything is read', async () => {
    const { bus } = await start()
    const { signal } = new AbortController()
    for (const from of ['', 'x', '1', '.1', 'a.', 'a.-1', 'a.1.1', 'a.1e3', 'A.1', `a.${'9'.repeat(16)}`, ' a.1', new Date(Number.NaN)]) {
      expect(() => bus.read({ from, signal }), String(from)).toThrow(expect.objectContaining({ code: 'INVALID_CURSOR' }))
    }
  })
}

async function subscribe(bus: EventBus, durable: string, filter: Parameters<EventBus['subscribe']>[1] = {}): Promise<Seen> {
  const seen = new Seen()
  await bus.subscribe(durable, filter, async ({ fact: given }: { readonly fact: Fact }) => seen.add(given))
  return seen
}

async function drainReader(bus: EventBus, signal: AbortSignal): Promise<number> {
  let count = 0
  for await (const _ of bus.read({ signal })) count++
  return count
}

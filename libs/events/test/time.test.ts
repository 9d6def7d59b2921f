import { describe, expect, test } from 'vitest'
import { ManualClock } from './manual-clock.ts'
import { credential, fact, isDelivery, Seen, seqs, sweepAfter, take, tempStore, testBus } from './setting.ts'

const DAY_MS = 24 * 3_600_000
const A = credential(1)

describe('time on the embedded bus', () => {
  test('a reader from a time gets what was published from then on', async () => {
    const clock = new ManualClock()
    const bus = await testBus(await tempStore(), clock)
    const times: Date[] = []
    for (let seq = 1; seq <= 20; seq++) {
      times.push(new Date(clock.now()))
      await bus.publish([fact(A, 2 * seq), fact(A, 2 * seq + 1)])
      clock.advance(1_000)
    }
    for (const [i, time] of times.entries()) {
      const [first] = (await take(bus, 1, { from: time })).filter(isDelivery)
      expect(first!.fact.seq).toBe(2 * (i + 1))
    }
  })

  test('facts are kept 30 days, and who asks for older ones is told', async () => {
    const clock = new ManualClock()
    const bus = await testBus(await tempStore(), clock)
    await bus.publish([fact(A, 1), fact(A, 2)])
    const [old] = await take(bus, 1, { from: new Date(0) })
    clock.advance(20 * DAY_MS)
    const kept = new Date(clock.now())
    await bus.publish([fact(A, 3)])
    await sweepAfter(clock, 10 * DAY_MS + 3_600_000)
    for (const from of [old!.cursor, new Date(0)]) {
      const messages = await take(bus, 2, { from })
      expect(seqs(messages)).toEqual(['reset', 3])
      expect(messages[0]).toMatchObject({ reset: true, oldest: kept })
    }
    expect(seqs(await take(bus, 1, { from: kept }))).toEqual([3])
  })

  test('a durable subscriber that slept longer goes on with the oldest kept', async () => {
    const clock = new ManualClock()
    const bus = await testBus(await tempStore(), clock)
    await bus.publish([fact(A, 1)])
    const early = new Seen()
    const subscription = await bus.subscribe('sleeper', {}, async ({ fact: given }) => early.add(given))
    await early.until((facts) => facts.length === 1)
    await subscription.close()
    await bus.publish([fact(A, 2)])
    await sweepAfter(clock, 31 * DAY_MS)
    await bus.publish([fact(A, 3)])
    const late = new Seen()
    await bus.subscribe('sleeper', {}, async ({ fact: given }) => late.add(given))
    await late.until((facts) => facts.length === 1)
    expect(late.seqsOf(A)).toEqual([3])
  })

  test('B3 the pause after a failing handler grows', async () => {
    const clock = new ManualClock()
    const bus = await testBus(await tempStore(), clock)
    const calls = new Seen()
    await bus.subscribe('failing', {}, async ({ fact: given }) => {
      calls.add(given)
      throw new TypeError('never')
    })
    await bus.publish([fact(A, 1)])
    for (const pauseMs of [100, 200, 400, 800, 1_600]) {
      await clock.asleep(pauseMs / 2, pauseMs)
      const before = calls.facts.length
      clock.advance(pauseMs / 2 - 1)
      expect(calls.facts.length).toBe(before)
      clock.advance(pauseMs / 2 + 1)
      await calls.until((facts) => facts.length === before + 1)
    }
  })
})

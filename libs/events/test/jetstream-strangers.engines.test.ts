import { CodedError } from '@credence/errors'
import { expect, test } from 'vitest'
import { until } from './changes.ts'
import { administer, describeWithNats, testBusOn, testNats } from './jetstream-setting.ts'
import { credential, fact, Seen, take } from './setting.ts'

const A = credential(1)

await describeWithNats('JetStream given what is no event of ours', () => {
  test('a message that nobody of us sent is put aside and holds up nothing', async () => {
    const server = await testNats()
    const bus = await testBusOn(server.url)
    const seen = new Seen()
    await bus.subscribe('robust', {}, async ({ fact: given }) => seen.add(given))
    await administer(server.url, async (_, nc) => {
      nc.publish('credence.v1.x', '')
      nc.publish('credence.v1.proj_x.credential.expired.cred_x', 'x'.repeat(900_000))
      nc.publish('credence.v1.proj_x.credential.expired.cred_x', new Uint8Array([0xff, 0xfe]))
      await nc.flush()
    })
    await bus.publish([fact(A, 1)])
    await seen.until((facts) => facts.length === 1)
    await until(async () => (await bus.deadLetters()).length === 3)
    const letters = await bus.deadLetters()
    expect(letters.map(({ reason, durable, code }) => `${durable} ${reason} ${code}`)).toEqual(
      Array(3).fill('robust MALFORMED INVALID_REQUEST'),
    )
    expect(letters.map(({ subject }) => subject)).toContain('credence.v1.x')
  })

  test('[C-2] a handler that refuses a fact for good does not hold up the next of its subject', async () => {
    const server = await testNats()
    const bus = await testBusOn(server.url, { attempts: 3 })
    const calls = new Seen()
    const seen = new Seen()
    await bus.subscribe('poisoned', {}, async ({ fact: given }) => {
      calls.add(given)
      if (given.seq === 1) throw new TypeError('poison')
      seen.add(given)
    })
    await bus.publish([fact(A, 1), fact(A, 2)])
    await seen.until((facts) => facts.length === 1)
    expect(calls.seqsOf(A)).toEqual([1, 1, 1, 2])
    const [letter] = await bus.deadLetters()
    const [first] = await take(bus, 1, { from: new Date(0) })
    const { cursor } = first!
    expect(letter).toMatchObject({ durable: 'poisoned', reason: 'HANDLER_FAILED', code: 'INTERNAL', attempts: 3, cursor })
  })

  test('a fact whose handler meets an outage is tried for as long as that lasts', async () => {
    const server = await testNats()
    const bus = await testBusOn(server.url, { attempts: 2 })
    const seen = new Seen()
    let calls = 0
    await bus.subscribe('patient', {}, async ({ fact: given }) => {
      if (++calls < 5) throw new CodedError('STORE_UNAVAILABLE')
      seen.add(given)
    })
    await bus.publish([fact(A, 1)])
    await seen.until((facts) => facts.length === 1)
    expect(calls).toBe(5)
    expect(await bus.deadLetters()).toEqual([])
  })

  test('an event that somebody repeats under another message id is handled once', async () => {
    const server = await testNats()
    const bus = await testBusOn(server.url)
    const seen = new Seen()
    await bus.subscribe('repeated', {}, async ({ fact: given }) => seen.add(given))
    await bus.publish([fact(A, 1)])
    await seen.until((facts) => facts.length === 1)
    await administer(server.url, async (jsm, nc) => {
      const stored = (await jsm.streams.getMessage('CREDENCE', { seq: 1 }))!
      stored.header.delete('Nats-Msg-Id')
      for (let i = 0; i < 3; i++) nc.publish(stored.subject, stored.data, { headers: stored.header })
      await nc.flush()
    })
    await bus.publish([fact(A, 2)])
    await seen.until((facts) => facts.length >= 2)
    expect(seen.seqsOf(A)).toEqual([1, 2])
  })
})

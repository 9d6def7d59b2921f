import { createLogger } from '@credence/service'
import { TestClock } from '@credence/testkit'
import { expect, test } from 'vitest'
import { openTimerQueue } from '../src/queue/timer-queue.ts'
import { queueContract } from './queue-contract.ts'

const log = createLogger({ service: 'token-refresher', level: 'silent' })

queueContract('the queue in memory', async () => {
  const clock = new TestClock()
  const pass = async (ms: number): Promise<number> => {
    await clock.advance(ms)
    return clock.now()
  }
  return { queue: openTimerQueue({ clock, log }), now: () => clock.now(), pass }
})

test('[S2-8] ten thousand jobs keep one timer', async () => {
  const clock = new TestClock()
  const queue = openTimerQueue({ clock, log })
  let handled = 0
  const worker = await queue.process(async () => {
    handled++
  })
  for (let n = 0; n < 10_000; n++) await queue.schedule({ credentialId: `cred_${n}`, at: clock.now() + 1_000 + (n % 50), priority: false })
  await clock.advance(500)
  expect(clock.sleeping).toBe(1)
  for (let n = 0; n < 2_000 && handled < 10_000; n++) await clock.advance(1)
  expect(handled).toBe(10_000)
  await worker.stop()
})

test('[S2-8] a wall clock that is set forward is noticed within a minute', async () => {
  const clock = new TestClock()
  const queue = openTimerQueue({ clock, log })
  const handled: string[] = []
  const worker = await queue.process(async (id) => void handled.push(id))
  await queue.schedule({ credentialId: 'cred_a', at: clock.now() + 3_600_000, priority: false })
  await clock.advance(1)
  clock.jumpWall(3_600_000)
  await clock.advance(60_000)
  expect(handled).toEqual(['cred_a'])
  await worker.stop()
})

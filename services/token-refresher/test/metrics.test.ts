import type { Verdict } from '@credence/refresh-protocol'
import { createLogger } from '@credence/service'
import { METRICS } from '@credence/service/metrics'
import { TestClock } from '@credence/testkit'
import { describe, expect, test } from 'vitest'
import { openTimerQueue } from '../src/queue/timer-queue.ts'
import { HOUR, Platform } from './platform.ts'

/** A figure that is not there is undefined. Beyond the second for which a reading serves. */
async function told(platform: Platform, name: string, label = ''): Promise<number | undefined> {
  await platform.clock.advance(1_000)
  const line = (await platform.figures.text()).split('\n').find((each) => each.startsWith(`${name}{`) && each.includes(label))
  return line === undefined ? undefined : Number(line.split('} ')[1])
}

test('[C-6] the classes that are counted are those of the verdicts', () => {
  const classes: Readonly<Record<Verdict['class'], true>> = {
    REFRESHED: true,
    RACE_LOST: true,
    TRANSIENT: true,
    IN_DOUBT: true,
    THROTTLED: true,
    CONFIG: true,
    NEEDS_USER: true,
    PERMANENT: true,
    SUSPECT: true,
  }
  expect(METRICS.credence_refreshes_total.labels.class).toEqual(Object.keys(classes))
})

describe('what the refresher tells', () => {
  test('[C-6] a refresh shows in its class and in how late it began', async () => {
    // The next try is further away than the second that a reading takes.
    const platform = await Platform.start({ fraction: () => 0.9 })
    const held = await platform.connect()
    await platform.toDue(held)
    await platform.planWhen(held, ({ version }) => version === 2)
    expect(await told(platform, 'credence_refreshes_total', 'class="REFRESHED"')).toBe(1)
    expect(await told(platform, 'credence_refresh_lag_seconds_count')).toBe(1)
    platform.fake.respond = () => ({ answerKind: 'not_sent', cause: 'dns' })
    await platform.toDue(held)
    await platform.planWhen(held, ({ state }) => state === 'backing_off')
    expect(await told(platform, 'credence_refreshes_total', 'class="TRANSIENT"')).toBe(1)
  })

  test('[C-6] a grant in doubt is counted with its age until it is out of doubt', async () => {
    const platform = await Platform.start()
    const held = await platform.connect()
    expect(await told(platform, 'credence_refreshes_in_doubt')).toBe(0)
    platform.fake.respond = () => ({ answerKind: 'lost', cause: 'reset', openIntent: true })
    await platform.toDue(held)
    await platform.planWhen(held, ({ state }) => state === 'in_doubt')
    expect(await told(platform, 'credence_refreshes_in_doubt')).toBe(1)
    const young = (await told(platform, 'credence_refresh_oldest_doubt_seconds'))!
    await platform.clock.advance(10_000)
    expect(await told(platform, 'credence_refresh_oldest_doubt_seconds')).toBe(young + 11)
    platform.fake.respond = () => undefined
    await platform.toDue(held)
    await platform.planWhen(held, ({ version }) => version === 2)
    expect(await told(platform, 'credence_refreshes_in_doubt')).toBe(0)
    expect(await told(platform, 'credence_refresh_oldest_doubt_seconds')).toBe(0)
  })

  test('[C-6] what nobody begins is due, with the time since it should have begun', async () => {
    const clock = new TestClock()
    const timers = openTimerQueue({ clock, log: createLogger({ service: 'test', level: 'silent' }) })
    // Its worker never starts: as when every replica is down or busy.
    const stuck = Object.assign(timers, { process: async () => ({ stop: async () => undefined }) })
    const standing = await Platform.start({ clock, queue: stuck })
    const held = await standing.connect()
    expect(await told(standing, 'credence_refreshes_due')).toBe(0)
    expect(await told(standing, 'credence_refresh_queue_jobs', 'state="delayed"')).toBe(0)
    await standing.clock.advance(HOUR)
    const { refreshAt } = (await standing.plan(held))!
    expect(await told(standing, 'credence_refreshes_due')).toBe(1)
    expect(await told(standing, 'credence_refresh_oldest_due_seconds')).toBe((standing.clock.now() - refreshAt!.getTime()) / 1000)
  })
})

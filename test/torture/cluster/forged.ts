import { setTimeout as pause } from 'node:timers/promises'
import { newId } from '@credence/credential'
import { type FactType, factOf, openJetStreamBus } from '@credence/events'
import { createLogger, type Logger, systemClock, systemRandom } from '@credence/service'
import { seededRandom, startNats, startRedis } from '@credence/testkit'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { openEnduringQueue } from '../../../services/token-refresher/src/queue/enduring-queue.ts'
import { countJobs, forgeJobs } from '../../../services/token-refresher/test/forge-jobs.ts'
import { Grants } from './grants.ts'
import { judgeUntouched, type Untouched } from './judge-posts.ts'
import { type Refreshers, startRefreshers } from './refreshers.ts'
import type { ScenarioOptions, ScenarioReport } from './scenario.ts'

const GRANTS = 20
const MOST = 1_000
const HOUR = 3_600_000
const PATIENCE_MS = 60_000
/** What the token-refresher listens to, under the name of the service that says it. */
const LIES = [
  ['registry', 'credential.disabled'],
  ['registry', 'credential.enabled'],
  ['registry', 'credential.deleted'],
  ['registry', 'credential.connected'],
  ['vault', 'credential.refreshed'],
  ['vault', 'credential.refresh_failed'],
  ['vault', 'credential.secret_replaced'],
  ['vault', 'credential.revoked'],
] as const satisfies readonly (readonly [string, FactType])[]

/** Somebody who can write to NATS and to Redis lies to two replicas of the token-refresher. */
export async function forged({ size, seed, note }: ScenarioOptions): Promise<ScenarioReport> {
  const count = Math.min(size, MOST)
  const [redis, nats] = await Promise.all([startRedis(), startNats()])
  const grants = new Grants({ clock: systemClock, count: GRANTS, lifeMs: HOUR })
  const clock = systemClock
  const queue = (log: Logger) => openEnduringQueue({ url: redis.url, clock, random: systemRandom, log })
  const bus = (log: Logger) => openJetStreamBus({ servers: [nats.url], clock, random: systemRandom, log })
  const refreshers = await startRefreshers({ grants, clock, config: { healPauseMs: 0, tickMs: 1_000 }, replicas: 2, queue, bus })
  try {
    while ((await refreshers.due()).length < GRANTS) await pause(20)
    const before = await stateOf(refreshers, grants)
    const events = await lieOnNats(nats.url, { grants, count, seed })
    await forgeJobs(redis.url, contents(grants, count))
    note(`${events} events and ${count} jobs forged`)
    const heard = await untilHeard(nats.url, redis.url)
    const faults = [...judgeUntouched(before, await stateOf(refreshers, grants))]
    if (!heard) faults.push('what was forged was not taken from the stream and the queue')
    if (grants.expired.length > 0) faults.push(`${grants.expired.length} credentials were given up`)
    const figures = { 'forged events': events, 'forged jobs': count, 'extra token requests': grants.posts.length }
    return { planned: 3 * count, injected: events + count, faults, figures }
  } finally {
    await refreshers.stop()
    await Promise.all([redis.stop(), nats.stop()])
  }
}

async function stateOf(refreshers: Refreshers, grants: Grants): Promise<Untouched> {
  const plans = new Map([...(await refreshers.all())].map(([id, plan]) => [id, JSON.stringify(plan)]))
  return { plans, posts: grants.posts.length }
}

/** So many events that nobody's change made, and then each of them again as the server would not know it. Gives how many arrived. */
async function lieOnNats(url: string, { grants, count, seed }: { grants: Grants; count: number; seed: number }): Promise<number> {
  const random = seededRandom(seed)
  const log = createLogger({ service: 'forger', level: 'silent' })
  const bus = await openJetStreamBus({ servers: [url], clock: systemClock, random: systemRandom, log })
  const ids = [...grants.all.keys()]
  const strangers = Array.from({ length: GRANTS }, () => newId('cred', systemRandom.bytes))
  const nc = await connect({ servers: url })
  try {
    for (let n = 0; n < count; n++) {
      const [source, type] = LIES[n % LIES.length]!
      const of = random.fraction() < 0.8 ? ids : strangers
      const subject = of[Math.floor(random.fraction() * of.length)]!
      const context = { source, project: grants.project, subject, now: systemClock.now(), random: systemRandom, seq: n + 1 }
      await bus.publish([factOf({ type, data: { version: 99 } } as never, context)])
    }
    const jsm = await jetstreamManager(nc)
    const { first_seq: first } = (await jsm.streams.info('CREDENCE')).state
    for (let seq = first; seq < first + count; seq++) {
      const stored = await jsm.streams.getMessage('CREDENCE', { seq })
      if (stored === null) continue
      stored.header.delete('Nats-Msg-Id')
      await jetstream(nc).publish(stored.subject, stored.data, { headers: stored.header })
    }
    return (await jsm.streams.info('CREDENCE')).state.messages
  } finally {
    await nc.close()
    await bus.close()
  }
}

/** Of credentials that are not due, of some that nobody has, and no credentials at all. */
function contents(grants: Grants, count: number): unknown[] {
  const ids = [...grants.all.keys()]
  const garbage = [null, 7, {}, { credentialId: { $ne: 1 } }, { credentialId: 'cred_nobody' }]
  return Array.from({ length: count }, (_, n) =>
    n % 10 === 9 ? garbage[((n / 10) % garbage.length) | 0] : { credentialId: ids[n % ids.length] },
  )
}

/** Waits until the refreshers have taken all of it, or for so long that they never will. */
async function untilHeard(nats: string, redis: string): Promise<boolean> {
  const nc = await connect({ servers: nats })
  try {
    const jsm = await jetstreamManager(nc)
    for (const patience = performance.now() + PATIENCE_MS; performance.now() < patience; await pause(100)) {
      const { num_pending: pending, num_ack_pending: unacknowledged } = await jsm.consumers.info('CREDENCE', 'token-refresher')
      if (pending + unacknowledged + (await countJobs(redis)) === 0) return true
    }
    return false
  } finally {
    await nc.close()
  }
}

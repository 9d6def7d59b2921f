import { TestClock } from '@credence/testkit'
import { Grants } from './grants.ts'
import { judgePosts, peakOverMean } from './judge-posts.ts'
import { type Refreshers, startRefreshers } from './refreshers.ts'
import type { Scenario, ScenarioOptions, ScenarioReport } from './scenario.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const IMPORT_MS = 5 * MINUTE
const TICK_MS = 15_000
const FIRST_MS = 3 * HOUR
const STEADY_MS = 3 * HOUR
const MOST = { first: 1.5, steady: 1.25 }
/** A slot is a minute, or so long that chance alone moves its count by a few hundredths: two thousand come due in it. */
const IN_SLOT = 2_000
/** A grant of one hour is refreshed after 0.7 of it on average. */
const MEAN_LIFE_MS = 0.7 * HOUR

/** The whole token-refresher on a clock that is moved tick by tick; refreshes take no time on it. */
export const importHerd: Scenario = {
  name: 'import',
  title: 'R24 tokens of one hour, imported within five minutes, do not stay a herd',
  smoke: 5_000,
  full: 100_000,
  run,
}

async function run({ size, note }: ScenarioOptions): Promise<ScenarioReport> {
  const clock = new TestClock()
  const from = clock.now()
  const grants = new Grants({ clock, count: size, lifeMs: HOUR, issuedAt: (n) => from + (n / size) * IMPORT_MS })
  await clock.advance(IMPORT_MS)
  const config = { tickMs: TICK_MS, healMs: 1_000 * HOUR, healPauseMs: 0 }
  const refreshers = await startRefreshers({ grants, clock, config })
  try {
    await planned(refreshers, clock, size)
    note(`${size} planned`)
    const to = from + FIRST_MS + STEADY_MS
    for (let ticks = 1; clock.now() < to; ticks++) {
      await clock.advance(TICK_MS)
      await refreshers.settle(() => clock.advance(0))
      if (ticks % (HOUR / TICK_MS) === 0) note(`${(ticks * TICK_MS) / HOUR} h: ${grants.posts.length} refreshes`)
    }
    return report(grants, { size, from, now: clock.now() })
  } finally {
    await refreshers.stop()
  }
}

/** The first comparison of all tokens with all plans makes them, page by page. */
async function planned(refreshers: Refreshers, clock: TestClock, size: number): Promise<void> {
  for (let count = 0; count < size; count = (await refreshers.due()).length) {
    // To count them all costs as much as many turns.
    for (let turns = 0; turns < size / 10; turns++) await clock.advance(0)
  }
}

function report(
  grants: Grants,
  { size, from, now }: { readonly size: number; readonly from: number; readonly now: number },
): ScenarioReport {
  const slotMs = MINUTE * Math.max(1, Math.ceil((IN_SLOT * MEAN_LIFE_MS) / size / MINUTE))
  const posts = grants.posts
  const first = peakOverMean(posts, { from, to: from + FIRST_MS, slotMs })
  const steady = peakOverMean(posts, { from: from + FIRST_MS, to: from + FIRST_MS + STEADY_MS, slotMs })
  const faults = [...judgePosts(posts, grants.all.values(), now)]
  if (first > MOST.first) faults.push(`peak/mean of the first three hours is ${first.toFixed(2)}: more than ${MOST.first}`)
  if (steady > MOST.steady) faults.push(`peak/mean is ${steady.toFixed(2)} when it has settled: more than ${MOST.steady}`)
  const unseen = [...grants.all.values()].filter(({ version }) => version === 1).length
  if (unseen > 0) faults.push(`${unseen} were never refreshed`)
  const figures = { refreshes: posts.length, 'peak/mean first 3 h': first.toFixed(2), 'peak/mean steady': steady.toFixed(2) }
  return { planned: size, injected: grants.all.size, faults, figures: { ...figures, 'min per slot': slotMs / MINUTE } }
}

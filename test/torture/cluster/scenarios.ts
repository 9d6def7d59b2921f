import { HERD } from './herd.ts'
import { histories } from './histories.ts'
import { importHerd } from './import.ts'
import { KILLS } from './kills.ts'
import { natsGone, natsKills } from './nats.ts'
import { PAUSES } from './pauses.ts'
import { RACES } from './races.ts'
import { redisLost } from './redis.ts'
import type { Scenario } from './scenario.ts'
import { cutWrites, stepDowns } from './step-downs.ts'
import { STORE } from './store-cuts.ts'
import { streamLost } from './stream.ts'
import { TERMS } from './terms.ts'

const REFRESHES: readonly Scenario[] = [HERD, KILLS, TERMS, PAUSES, STORE, RACES]
const ENGINES: readonly Scenario[] = [redisLost, natsGone, natsKills, streamLost, importHerd, histories, cutWrites, stepDowns]

/** In the order in which they run. */
export const SCENARIOS: readonly Scenario[] = [...REFRESHES, ...ENGINES]

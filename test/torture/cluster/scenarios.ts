import { HERD } from './herd.ts'
import { KILLS } from './kills.ts'
import { PAUSES } from './pauses.ts'
import { RACES } from './races.ts'
import type { Scenario } from './scenario.ts'
import { STORE } from './store-cuts.ts'
import { TERMS } from './terms.ts'

/** In the order in which they run. */
export const SCENARIOS: readonly Scenario[] = [HERD, KILLS, TERMS, PAUSES, STORE, RACES]

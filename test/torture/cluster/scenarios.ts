import { HERD } from './herd.ts'
import { KILLS } from './kills.ts'
import type { Scenario } from './scenario.ts'

/** In the order in which they run. */
export const SCENARIOS: readonly Scenario[] = [HERD, KILLS]

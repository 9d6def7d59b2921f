import { describe, expect, test } from 'vitest'
import type { RefreshClass } from '../src/answer.ts'
import { BUDGETS, explore, type Found } from './model.ts'
import { MUTANTS } from './mutants.ts'

const CLASSES: readonly RefreshClass[] = ['static', 'grace', 'reject', 'strict']
/** `all` holds every smaller budget; `twice` takes minutes and gigabytes. */
const budgets = process.env.MODEL_BUDGET === 'full' ? ['replaced', 'all', 'twice'] : ['replaced', 'all']
const LONG_MS = 600_000

/** Breaches with the way to the first of each, so that a red run can be read. */
function brokenPromises(found: Found): Record<string, readonly string[]> {
  return Object.fromEntries([...found.breaches.keys()].map((breach) => [breach, found.ways.get(breach) ?? []]))
}

describe.each(CLASSES)('[B-1] a refresh at a %s server', (refreshClass) => {
  test.each(budgets)(
    '[B-1] keeps every promise under the faults of "%s"',
    (name) => {
      const found = explore(refreshClass, BUDGETS[name]!)
      expect(found.worlds).toBeGreaterThan(10_000)
      const broken = found.breaches.size === 0 ? {} : brokenPromises(explore(refreshClass, BUDGETS[name]!, undefined, { trace: true }))
      expect(broken).toEqual({})
      expect(found.inDoubt).toBe(found.unusable)
      if (refreshClass === 'static' || refreshClass === 'grace') expect(found.unusable).toBe(0)
    },
    LONG_MS,
  )
})

test('[B-1] only single-use tokens can be lost, and only with an answer', () => {
  expect(explore('reject', BUDGETS.crash!).unusable).toBeGreaterThan(0)
  expect(explore('strict', BUDGETS.crash!).unusable).toBeGreaterThan(0)
  expect(explore('strict', BUDGETS.pause!).unusable).toBe(0)
  expect(explore('strict', BUDGETS.savefail!).unusable).toBe(0)
})

test.each(MUTANTS.map((mutant) => [mutant.name, mutant.breaks, mutant] as const))('[B-1] mutant "%s" breaks %s', (_, breaks, mutant) => {
  const broken = explore(mutant.refreshClass, BUDGETS[mutant.budget]!, mutant.protocol)
  expect(broken.breaches.get(breaks)).toBeGreaterThan(0)
})

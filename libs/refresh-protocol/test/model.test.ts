import { describe, expect, test } from 'vitest'
import type { RefreshClass } from '../src/answer.ts'
import { BUDGETS, explore, type Found } from './model.ts'
import { MUTANTS } from './mutants.ts'

const CLASSES: readonly RefreshClass[] = ['static', 'grace', 'reject', 'strict']
/** `all` holds every smaller budget; `twice` takes minutes and gigabytes. */
const budgets = process.env.MODEL_BUDGET === 'full' ? ['replaced', 'all', 'twice'] : ['replaced', 'all']
const LONG_MS = 600_000

/** Where the search must have been, or its silence proves nothing; and where a protocol that is right never goes. */
const WITNESSES: Readonly<Record<RefreshClass, { readonly seen: readonly string[]; readonly unseen: readonly string[] }>> = {
  static: { seen: ['replay sent before the end', 'replay save'], unseen: ['last_resort sent after the end'] },
  grace: { seen: ['replay sent before the end', 'first discard', 'last_resort save'], unseen: ['last_resort sent before the end'] },
  reject: {
    seen: ['replay sent before the end', 'replay keep', 'replay discard', 'last_resort close', 'last_resort save'],
    unseen: ['last_resort sent before the end'],
  },
  strict: {
    seen: ['first keep', 'last_resort sent after the end', 'last_resort close', 'last_resort keep', 'last_resort save'],
    unseen: ['replay sent before the end', 'replay sent after the end', 'last_resort sent before the end'],
  },
}

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
      if (name !== 'replaced') expect([...found.witnessed]).toEqual(expect.arrayContaining([...WITNESSES[refreshClass].seen]))
      for (const place of WITNESSES[refreshClass].unseen) expect(found.witnessed).not.toContain(place)
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

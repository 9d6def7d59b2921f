import type { Registry } from '../registry.ts'
import { choresOf } from './chores.ts'

/** Takes up what stopped half-way. Answers whether everything was finished. */
export async function sweep(registry: Registry): Promise<boolean> {
  let failed = 0
  for (const chore of choresOf(registry)) failed += await chore(registry)
  return failed === 0
}

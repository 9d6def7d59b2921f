import type { Draft } from './draft.ts'
import type { PayloadStep } from './payload-renewal.ts'

/** The forward target that ends an exchange. */
export const END = 'end'

/** The name of the signed token among the names that steps may use. */
export const ASSERTION = 'assertion'

type Steps = readonly (Draft<PayloadStep> | undefined)[]

/** Where a forward of step `from` leads: an index behind it, the number of steps for `end`, or why it leads nowhere. */
export function targetOf(steps: Steps, from: number, to: string): number | 'unknown' | 'back' {
  if (to === END) return steps.length
  const index = steps.findIndex((step) => step?.name === to)
  if (index < 0) return 'unknown'
  return index > from ? index : 'back'
}

/**
 * The results that are there on every way to each step, and, as the last item, at the end. Forward jumps only, so one pass
 * over the steps is enough.
 */
export function resultsAt(steps: Steps): readonly ReadonlySet<string>[] {
  const ways: (ReadonlySet<string> | undefined)[] = [new Set(), ...steps.map(() => undefined)]
  const arrive = (at: number, names: ReadonlySet<string>): void => {
    const others = ways[at]
    ways[at] = others === undefined ? names : new Set([...others].filter((name) => names.has(name)))
  }
  steps.forEach((step, i) => {
    const before = ways[i] ?? new Set()
    const after = (extract: object | undefined): ReadonlySet<string> => new Set([...before, ...Object.keys(extract ?? {})])
    arrive(i + 1, after(step?.extract))
    for (const action of Object.values(step?.on ?? {})) {
      if (action?.continue === true) arrive(i + 1, after(action.extract))
      if (action?.forward === undefined) continue
      const target = targetOf(steps, i, action.forward)
      if (typeof target === 'number') arrive(target, after(action.extract))
    }
  })
  return ways.map((names) => names ?? new Set())
}

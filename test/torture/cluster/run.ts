import { faultsOf, type Scenario, type ScenarioReport } from './scenario.ts'
import { shareArena } from './share-arena.ts'

export interface ScenarioRun extends ScenarioReport {
  readonly name: string
  readonly size: number
  readonly seconds: number
}

/** A scenario that throws has failed; the others run. */
export async function runScenarios(
  chosen: readonly { readonly scenario: Scenario; readonly size: number }[],
  { seed, note }: { readonly seed: number; readonly note: (line: string) => void },
): Promise<readonly ScenarioRun[]> {
  const runs: ScenarioRun[] = []
  const shared = shareArena(note)
  for (const { scenario, size } of chosen) {
    note(`${scenario.name} × ${size}: ${scenario.title}`)
    const from = performance.now()
    const report = await scenario
      .run({ size, seed, note: (line) => note(`  ${scenario.name}: ${line}`), arena: shared.arena })
      .catch((error: unknown) => ({ planned: size, injected: 0, faults: [String(error)], figures: {} }))
    const run = { name: scenario.name, size, seconds: Math.round((performance.now() - from) / 1000), ...report }
    runs.push({ ...run, faults: faultsOf(report) })
    note(textOf({ ...run, faults: faultsOf(report) }))
  }
  await shared.close()
  return runs
}

export function textOf({ name, size, seconds, planned, injected, faults, figures, needs }: ScenarioRun): string {
  if (needs !== undefined) return `NOT RUN: needs ${needs} (${name} × ${size})`
  const told = Object.entries(figures).map(([figure, value]) => `${value} ${figure}`)
  const verdict = faults.length === 0 ? 'HELD' : 'FAILED'
  const head = `${verdict} ${name} × ${size}: ${[`${injected} of ${planned} injected`, ...told, `${seconds} s`].join(' · ')}`
  return [head, ...faults.map((fault) => `  ! ${fault}`)].join('\n')
}

/** The verdict over all: a scenario that could not be run is in neither number. */
export function verdictOf(runs: readonly ScenarioRun[]): { readonly held: boolean; readonly text: string } {
  const failed = runs.filter(({ faults }) => faults.length > 0)
  const away = runs.filter(({ needs }) => needs !== undefined)
  const apart = away.length === 0 ? '' : `; not run: ${away.map(({ name }) => name).join(', ')}`
  if (failed.length > 0) return { held: false, text: `FAILED: ${failed.map(({ name }) => name).join(', ')}${apart}` }
  return { held: true, text: `HELD: ${runs.length - away.length} scenarios${apart}` }
}

/** `kills=400,terms`: names with sizes. Without a size the scenario's own; empty: all of them. Throws TypeError. */
export function choose(
  scenarios: readonly Scenario[],
  only: string | undefined,
  defaultSize: 'smoke' | 'full',
): { readonly scenario: Scenario; readonly size: number }[] {
  if (only === undefined) return scenarios.map((scenario) => ({ scenario, size: scenario[defaultSize] }))
  return only.split(',').map((part) => {
    const [name = '', size] = part.split('=')
    const scenario = scenarios.find((one) => one.name === name)
    if (scenario === undefined) throw new TypeError(`no scenario ${name}: choose of ${scenarios.map((one) => one.name).join(', ')}`)
    const count = size === undefined ? scenario[defaultSize] : Number(size)
    if (!Number.isSafeInteger(count) || count < 1) throw new TypeError(`${name}=${size}: the size is a whole number from 1 on`)
    return { scenario, size: count }
  })
}

import type { ClusterArena } from './arena.ts'

/** What a scenario is asked for. */
export interface ScenarioOptions {
  /** How often the fault is injected; each scenario says what it counts. */
  readonly size: number
  /** Decides every choice that is not the machine's: the same seed makes the same plan. */
  readonly seed: number
  /** Tells how far it is; a scenario runs for minutes. */
  readonly note: (line: string) => void
  /** The arena that this run's scenarios share, opened by the first of them. Absent: each opens its own. */
  readonly arena?: (() => Promise<ClusterArena>) | undefined
}

export interface ScenarioReport {
  /** Faults that were planned, and those that were seen to have happened as planned. A difference fails the run. */
  readonly planned: number
  readonly injected: number
  /** What must not have happened, in words with its place; empty: the scenario held. */
  readonly faults: readonly string[]
  /** Measured, by name: `token requests`, `drained s`, … */
  readonly figures: Readonly<Record<string, number | string>>
  /** What is not there that the scenario needs: it was not run, and has neither held nor failed. */
  readonly needs?: string
}

/** The report of a scenario that cannot be run here. */
export function notRun(needs: string): ScenarioReport {
  return { planned: 0, injected: 0, faults: [], figures: {}, needs }
}

/** One kind of fault on the distributed profile, and what must hold meanwhile and after it. */
export interface Scenario {
  /** As `--only` names it. */
  readonly name: string
  /** The rows of the threat list that it proves, and the promise in words. */
  readonly title: string
  /** The size in the ordinary test run, and the one that the platform is held to. */
  readonly smoke: number
  readonly full: number
  run(options: ScenarioOptions): Promise<ScenarioReport>
}

/** The faults of a report, with what was not injected as planned among them. */
export function faultsOf({ planned, injected, faults }: ScenarioReport): readonly string[] {
  return planned === injected ? faults : [`${injected} of ${planned} faults were injected`, ...faults]
}

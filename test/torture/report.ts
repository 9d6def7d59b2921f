import type { KillVerdict } from './judge-kill.ts'
import { FAILPOINTS, type PlannedKill, SERVER_CLASSES } from './plan-kills.ts'
import type { End } from './recover.ts'

/** One kill as the report shows it. */
export interface KillRecord extends PlannedKill {
  readonly hit: boolean
  readonly end?: End
  readonly reason?: string
  readonly tookMs?: number
  readonly verdict?: KillVerdict
  readonly faults: readonly string[]
}

const COLUMNS = [
  'kills',
  'hit',
  'replays',
  'last resorts',
  'recovered',
  'in doubt',
  'avoidable losses',
  'families revoked by us',
  'revoked by last resort',
  'live grants dead',
] as const
type Column = (typeof COLUMNS)[number]
export type Counts = Readonly<Record<Column, number>>

export interface TortureReport {
  readonly seed: number
  readonly settings: Readonly<Record<string, string>>
  readonly kills: readonly KillRecord[]
  /** By `class FPn`. */
  readonly cells: Readonly<Record<string, Counts>>
  readonly byFailpoint: Readonly<Record<string, Counts>>
  readonly total: Counts
  /** Every fault, with the kill that it belongs to; empty when the run holds. */
  readonly violations: readonly string[]
  readonly ms: number
}

export function makeReport(
  kills: readonly KillRecord[],
  run: {
    readonly seed: number
    readonly settings: Readonly<Record<string, string>>
    readonly violations: readonly string[]
    readonly ms: number
  },
): TortureReport {
  const sorted = [...kills].sort((one, other) => one.number - other.number)
  const rows = SERVER_CLASSES.flatMap((serverClass) =>
    FAILPOINTS.map((failpoint) => {
      const own = sorted.filter((kill) => kill.serverClass === serverClass && kill.failpoint === failpoint)
      return [`${serverClass} ${failpoint}`, countsOf(own)] as const
    }),
  )
  return {
    seed: run.seed,
    settings: run.settings,
    kills: sorted,
    cells: Object.fromEntries(rows.filter(([, { kills: count }]) => count > 0)),
    byFailpoint: Object.fromEntries(FAILPOINTS.map((name) => [name, countsOf(sorted.filter(({ failpoint }) => failpoint === name))])),
    total: countsOf(sorted),
    violations: [...sorted.flatMap((kill) => kill.faults.map((fault) => `${nameOf(kill)}: ${fault}`)), ...run.violations],
    ms: run.ms,
  }
}

function countsOf(kills: readonly KillRecord[]): Counts {
  const sum = (of: (verdict: KillVerdict) => number | boolean): number =>
    kills.reduce((total, { verdict }) => total + (verdict === undefined ? 0 : Number(of(verdict))), 0)
  return {
    kills: kills.length,
    hit: kills.filter(({ hit }) => hit).length,
    replays: sum(({ replays }) => replays),
    'last resorts': sum(({ lastResorts }) => lastResorts),
    recovered: sum(({ usable }) => usable),
    'in doubt': sum(({ inDoubt }) => inDoubt),
    'avoidable losses': sum(({ avoidableLoss }) => avoidableLoss),
    'families revoked by us': sum(({ revokedByUs }) => revokedByUs),
    'revoked by last resort': sum(({ revokedByLastResort }) => revokedByLastResort),
    'live grants dead': sum(({ liveGrantDead }) => liveGrantDead),
  }
}

export const nameOf = ({ number, serverClass, failpoint, trigger }: PlannedKill): string =>
  `kill ${number} (${serverClass} ${failpoint}, ${trigger})`

/** A line as soon as a kill is judged. */
export function progressLine(record: KillRecord, done: { readonly count: number; readonly of: number }): string {
  const { verdict, end, reason, tookMs, faults } = record
  const became = verdict === undefined ? 'not as planned' : `${verdict.usable ? 'recovered' : (reason ?? end)} after ${tookMs} ms`
  const sent = verdict === undefined || verdict.replays + verdict.lastResorts === 0 ? '' : ', '
  const replays = sent === '' ? '' : `${verdict?.replays} replays, ${verdict?.lastResorts} last resorts`
  return `${faults.length === 0 ? '✓' : '✗'} ${done.count}/${done.of} ${nameOf(record)}: ${became}${sent}${replays}${faults.map((fault) => `\n    ${fault}`).join('')}`
}

/** A row per class and failpoint, per failpoint, and in all; the verdict is the last line. */
export function reportText(report: TortureReport): string {
  const rows = [
    ...Object.entries(report.cells),
    ...Object.entries(report.byFailpoint).filter(([, { kills }]) => kills > 0),
    ['all', report.total] as const,
  ]
  const lines = [['', ...COLUMNS], ...rows.map(([name, counts]) => [name, ...COLUMNS.map((column) => String(counts[column]))])]
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? []
  const table = lines.map((line) =>
    line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  '),
  )
  return [...table, '', ...report.violations.map((violation) => `✗ ${violation}`), verdictLine(report)].join('\n')
}

function verdictLine({ total, violations, ms }: TortureReport): string {
  const seconds = `${Math.round(ms / 1000)} s`
  if (violations.length > 0) return `VIOLATED: ${violations.length} faults in ${total.kills} kills, ${seconds}`
  const held = `${total['avoidable losses']} avoidable losses, ${total['families revoked by us']} families revoked by us, ${total['live grants dead']} live grants called dead`
  return `HELD: ${total.kills} kills, each at its failpoint: ${held}; ${total.recovered} recovered, ${total['in doubt']} in doubt for good reason, ${seconds}`
}

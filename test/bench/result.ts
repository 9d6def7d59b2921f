import { median } from './runner.ts'

/** The fixed part of a row, as it stands in the table and in the file. */
export interface RowFacts {
  readonly id: string
  readonly title: string
  /** What `ratio` is a multiple of, in words. */
  readonly baseline: string
  readonly unit: string
  readonly goal: number | undefined
  readonly better: 'higher' | 'lower'
}

export interface Measured extends RowFacts {
  /** One value per round. */
  readonly values: readonly number[]
  /** Absolute figures for the reader: never judged. */
  readonly note: string
}

export interface NotRun extends RowFacts {
  readonly reason: string
}

export type Row = Measured | NotRun

export function ratioOf({ values }: Measured): number {
  return median(values)
}

/** Undefined where there is no goal. */
export function reached(row: Measured): boolean | undefined {
  if (row.goal === undefined) return undefined
  return row.better === 'higher' ? ratioOf(row) >= row.goal : ratioOf(row) <= row.goal
}

/** What `--json` writes. A row that did not run is left out: it has no figure. */
export function asJson(rows: readonly Row[]): string {
  const measured = rows.flatMap((row) => ('values' in row ? [row] : []))
  const list = measured.map((row) => ({
    id: row.id,
    title: row.title,
    ratio: ratioOf(row),
    min: Math.min(...row.values),
    max: Math.max(...row.values),
    unit: row.unit,
    goal: row.goal ?? null,
    better: row.better,
    rounds: row.values.length,
  }))
  return `${JSON.stringify({ rows: list }, undefined, 2)}\n`
}

import { type Row, ratioOf, reached } from './result.ts'

/** One line per row, and below it the absolute figures. `judge` false: a smoke run says nothing about goals. */
export function tableOf(rows: readonly Row[], options: { readonly judge: boolean }): string {
  const cells = rows.map((row) => cellsOf(row, options.judge))
  const heads = ['row', 'median [min..max]', 'goal', '', 'what']
  const widths = heads.map((head, i) => Math.max(head.length, ...cells.map((line) => line.cells[i]?.length ?? 0)))
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, i) => text.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd()
  return [line(heads), ...cells.flatMap(({ cells: texts, note }) => [line(texts), ...(note === '' ? [] : [`      ${note}`])])].join('\n')
}

function cellsOf(row: Row, judge: boolean): { cells: string[]; note: string } {
  const what = `${row.title} / ${row.baseline}`
  if (!('values' in row)) return { cells: [row.id, `NOT RUN: ${row.reason}`, '', '', row.title], note: '' }
  const { better, goal, unit, values } = row
  const range = values.length === 1 ? '' : ` [${figure(Math.min(...values))}..${figure(Math.max(...values))}]`
  const wanted = goal === undefined ? 'reported' : `${better === 'higher' ? '≥' : '≤'} ${goal}`
  const met = reached(row)
  const verdict = met === undefined || !judge ? '' : met ? 'reached' : 'NOT REACHED'
  return { cells: [row.id, `${figure(ratioOf(row))} ${unit}${range}`, wanted, verdict, what], note: row.note }
}

export function figure(value: number): string {
  if (Number.isInteger(value)) return String(value)
  const size = Math.abs(value)
  return value.toFixed(size < 10 ? 2 : size < 100 ? 1 : 0)
}

import { printable } from '../terminal.ts'

/** One column of a table: its title, and what it shows of a row; nothing shows as a dash. */
export interface Column<T> {
  readonly title: string
  readonly of: (row: T) => string | number | Date | undefined
}

/** Columns two blanks apart, no frame: it can be read, cut and grepped. */
export function renderTable<T>(columns: readonly Column<T>[], rows: readonly T[]): string {
  const lines = [columns.map(({ title }) => title.toUpperCase()), ...rows.map((row) => columns.map((column) => shown(column.of(row))))]
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => widthOf(line[i] ?? ''))))
  return lines
    .map((line) =>
      line
        .map((cell, i) => cell + ' '.repeat(Math.max(0, (widths[i] ?? 0) - widthOf(cell))))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** `name  value` lines; members without a value are left out. */
export function renderFacts(facts: readonly (readonly [string, string | number | Date | undefined])[]): string {
  const present = facts.filter(([, value]) => value !== undefined && value !== '')
  const width = Math.max(0, ...present.map(([name]) => name.length))
  return present.map(([name, value]) => `${name.padEnd(width)}  ${shown(value)}`).join('\n')
}

export function shown(value: string | number | Date | undefined): string {
  if (value === undefined || value === '') return '-'
  if (value instanceof Date) return `${value.toISOString().slice(0, 19)}Z`
  return printable(String(value))
}

/** Columns of a terminal, not code units: letters of East Asian scripts take two. */
function widthOf(text: string): number {
  let width = 0
  for (const letter of text)
    width += /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/.test(letter) ? 2 : 1
  return width
}

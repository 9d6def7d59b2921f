import type { Printer } from './printer.ts'

/** A setting as its owner lists it. */
export interface ListedSetting {
  readonly name: string
  readonly doc: string
}

/** One row per flag. */
export function printSettings(printer: Printer, settings: Readonly<Record<string, ListedSetting>>): void {
  const rows = Object.values(settings).map(({ name, doc }) => ({ flag: `--${name.toLowerCase().replaceAll('_', '-')}`, doc }))
  const columns = [
    { title: 'flag', of: (it: (typeof rows)[number]) => it.flag },
    { title: 'meaning', of: (it: (typeof rows)[number]) => it.doc },
  ]
  printer.list(rows, columns, '')
}

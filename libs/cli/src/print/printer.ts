import { wireJson } from '@credence/sdk'
import type { Terminal } from '../terminal.ts'
import { type Column, renderFacts, renderTable } from './table.ts'

export type Format = 'table' | 'json'

type Facts = readonly (readonly [string, string | number | Date | undefined])[]

/** Results, as a table for people or as JSON of the API's names for programs. */
export interface Printer {
  readonly format: Format
  list<T extends object>(rows: readonly T[], columns: readonly Column<T>[], none: string): void
  one(value: object, facts: Facts): void
  /** A sentence; as JSON the value it is about. */
  done(sentence: string, value: object): void
  /** One line of a stream. */
  line(text: string, value: object): void
}

export function createPrinter(terminal: Terminal, format: Format): Printer {
  const json = (value: unknown): void => terminal.out(JSON.stringify(wireJson(value)))
  if (format === 'json') {
    return { format, list: json, one: json, done: (_, value) => json(value), line: (_, value) => json(value) }
  }
  return {
    format,
    list: (rows, columns, none) => (rows.length === 0 ? terminal.err(none) : terminal.out(renderTable(columns, rows))),
    one: (_, facts) => terminal.out(renderFacts(facts)),
    done: (sentence) => terminal.out(sentence),
    line: (text) => terminal.out(text),
  }
}

import type { Fact } from '../event-bus.ts'

/** A fact at its place in the log. */
export interface Entry {
  readonly position: number
  /** When it was published; never goes back from one position to the next. */
  readonly at: Date
  readonly fact: Fact
}

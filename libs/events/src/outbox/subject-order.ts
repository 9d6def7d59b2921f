import type { Fact } from '../event-bus.ts'

/** A fact, and when a relay wrote it down. */
export interface Stored {
  readonly storedAt: Date
  readonly fact: Fact
}

/**
 * Replicas write the facts of one document side by side, each by its own clock: a later fact may be noted before an earlier
 * one by as much as their clocks differ. More than five seconds is a fault that `doctor` tells.
 */
const SKEW_MS = 10_000

/** Puts the facts of each subject in order again: the places of a subject in the log are given to its facts by their seq. */
export class SubjectOrder {
  #places: Stored[] = []
  /** By subject, the facts that have no place yet, the latest first. */
  readonly #waiting = new Map<string, Fact[]>()

  /** What comes next in the log. */
  add(stored: readonly Stored[]): void {
    const touched = new Set<Fact[]>()
    for (const place of stored) {
      this.#places.push(place)
      const facts = this.#waiting.get(place.fact.subject) ?? []
      facts.push(place.fact)
      this.#waiting.set(place.fact.subject, facts)
      touched.add(facts)
    }
    for (const facts of touched) facts.sort((one, other) => other.seq - one.seq)
  }

  /** What nothing that is still to come can be before. */
  takeRipe(): readonly Fact[] {
    const newest = this.#places.at(-1)?.storedAt.getTime() ?? 0
    const unripe = this.#places.findIndex(({ storedAt }) => storedAt.getTime() > newest - SKEW_MS)
    return this.#take(unripe)
  }

  takeAll(): readonly Fact[] {
    return this.#take(this.#places.length)
  }

  #take(count: number): readonly Fact[] {
    const taken = this.#places.slice(0, count)
    this.#places = this.#places.slice(count)
    return taken.map(({ fact }) => this.#next(fact))
  }

  #next({ subject }: Fact): Fact {
    const facts = this.#waiting.get(subject)
    const next = facts?.pop()
    if (next === undefined) throw new TypeError('each fact has one place')
    if (facts?.length === 0) this.#waiting.delete(subject)
    return next
  }
}

import type { Doc, IndexSpec } from '@credence/store'
import type { Fact } from '../event-bus.ts'
import { type FactContext, factOf, type NewFact } from '../fact/facts.ts'

/** A source document: it holds its state and the facts about it that nobody was told yet, so that one write changes both. */
export interface HasOutbox extends Doc {
  /** Oldest first; `[]` in a new document. At most 64 while facts of one type and subject can be joined. */
  readonly outbox: readonly Fact[]
  /** Since when something waits; absent when nothing does, which keeps the document out of the index. */
  readonly outboxSince?: Date | undefined
  /** The `seq` of the last fact; 0 in a new document. */
  readonly factSeq: number
}

/** Every collection of source documents has this index: the relay finds its work by it, the longest waiting first. */
export const OUTBOX_INDEX: IndexSpec = { name: 'outbox', members: ['outboxSince'] }

/** A bus that is down for days must not grow documents without end. */
const MAX_ENTRIES = 64

/**
 * The document with the facts in its outbox, each with a new id and the next `seq`. Pure: the caller writes it in the
 * same `insert` or `replace` as the change, then nudges the relay. Throws TypeError when the source does not own a fact.
 */
export function addFacts<D extends HasOutbox>(doc: D, facts: readonly NewFact[], context: FactContext): D {
  if (facts.length === 0) return doc
  const added = facts.map((fact, i) => factOf(fact, { ...context, seq: doc.factSeq + i + 1 }))
  return {
    ...doc,
    outbox: coalesce([...doc.outbox, ...added]),
    outboxSince: doc.outboxSince ?? new Date(context.now),
    factSeq: doc.factSeq + added.length,
  }
}

/** The document without the facts that were relayed. */
export function withoutFacts<D extends HasOutbox>(doc: D, relayed: ReadonlySet<string>): D {
  const outbox = doc.outbox.filter((fact) => !relayed.has(fact.id))
  // Said, not left out: `replace` keeps members that it is not given.
  return { ...doc, outbox, outboxSince: outbox[0]?.time }
}

/**
 * Joins the oldest fact that has a later one of its type and subject into that one, until the outbox fits. The later
 * keeps its own id, seq and data and counts the joined. Facts about different subjects are never joined, even if the
 * outbox stays too long: each subject's readers wait for their own.
 */
function coalesce(outbox: Fact[]): readonly Fact[] {
  while (outbox.length > MAX_ENTRIES) {
    const oldest = outbox.findIndex((fact, at) => laterLike(outbox, fact, at) !== -1)
    const early = outbox[oldest]
    if (early === undefined) return outbox
    const later = laterLike(outbox, early, oldest)
    outbox[later] = join(early, outbox[later]!)
    outbox.splice(oldest, 1)
  }
  return outbox
}

function laterLike(outbox: readonly Fact[], fact: Fact, at: number): number {
  return outbox.findIndex((other, i) => i > at && other.type === fact.type && other.subject === fact.subject)
}

function join(early: Fact, later: Fact): Fact {
  const count = (fact: Fact): number => (typeof fact.data.coalesced === 'number' ? fact.data.coalesced : 1)
  return { ...later, data: { ...later.data, coalesced: count(early) + count(later) } }
}

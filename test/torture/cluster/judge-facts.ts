import type { Fact } from '@credence/events'

type Told = Pick<Fact, 'subject' | 'seq' | 'data'>

/** What a consumer keeps of a document, and what the store has. */
export interface Known {
  readonly seq: number
  readonly version: number
}

/**
 * What came to a subscriber, in its order, against the number of facts that each document told: none may be missing, and none
 * may come before an earlier one did. Repeats are allowed. An outbox that grew too long joins facts; the later stands for both.
 */
export function judgeFacts(seen: readonly Told[], told: ReadonlyMap<string, number>): readonly string[] {
  const last = new Map<string, number>()
  let early = 0
  for (const { subject, seq, data } of seen) {
    const before = last.get(subject) ?? 0
    const first = seq - (typeof data.coalesced === 'number' ? data.coalesced : 1) + 1
    if (first > before + 1) early++
    last.set(subject, Math.max(before, seq))
  }
  const missing = [...told].reduce((sum, [subject, seq]) => sum + Math.max(0, seq - (last.get(subject) ?? 0)), 0)
  const invented = [...last].filter(([subject, seq]) => seq > (told.get(subject) ?? 0)).length
  return [
    ...(missing === 0 ? [] : [`${missing} facts were lost`]),
    ...(early === 0 ? [] : [`${early} facts came before an earlier one`]),
    ...(invented === 0 ? [] : [`${invented} documents are said to have told what they did not`]),
  ]
}

/** Where a consumer's copies differ from the documents. */
export function judgeCopies(copies: ReadonlyMap<string, Known>, store: ReadonlyMap<string, Known>): readonly string[] {
  const differing = [...store].filter(([id, { seq, version }]) => copies.get(id)?.seq !== seq || copies.get(id)?.version !== version)
  const invented = [...copies.keys()].filter((id) => !store.has(id))
  return [
    ...(differing.length === 0 ? [] : [`${differing.length} copies of a consumer differ from the store`]),
    ...(invented.length === 0 ? [] : [`${invented.length} copies are of documents that the store does not have`]),
  ]
}

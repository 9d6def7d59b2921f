import type { Collection, Document } from 'mongodb'
import { encodeKey, type KeyRange } from '../document/index-key.ts'
import { pageRange } from '../document/place.ts'
import type { FindQuery, IndexSpec } from '../document-store.ts'
import type { ReadOptions } from './connection.ts'
import { keyOf, type Row, type SlotKeys, slotOf, textOf } from './row.ts'

/** A row where the index has it. */
export interface Found {
  readonly row: Row
  readonly key: Buffer
}

/** Where and how to look. */
export interface Search {
  readonly rows: Collection<Row>
  readonly index: IndexSpec
  readonly query: FindQuery
  /** How many entries are wanted. */
  readonly limit: number
  readonly read: ReadOptions
}

/**
 * The first entries of a query's range, in order. The prefix says which heads an entry may have: none, or the first members
 * up to any that the prefix fixes. Each is one walk along the index that stops at the limit, because behind an equal head
 * it is ordered by the tail. Throws INVALID_PAGE_TOKEN, and TypeError for a range of two types.
 */
export async function searchIndex(search: Search): Promise<readonly Found[]> {
  const { index, query, limit } = search
  const range = pageRange(query)
  const fixed = Math.min(query.prefix.length, index.members.length)
  const walks = Array.from({ length: fixed + 1 }, (_, members) => walk(search, range, encodeKey(query.prefix.slice(0, members))))
  if (fixed < index.members.length) walks.push(spread(search, range))
  const found = (await Promise.all(walks)).flat()
  const direction = query.reverse ? -1 : 1
  return found.sort((left, right) => left.key.compare(right.key) * direction).slice(0, limit)
}

async function walk({ rows, index, query, limit, read }: Search, range: KeyRange, head: Buffer): Promise<Found[]> {
  const { t, slot } = pathsOf(index)
  const { filter, sort } = walkOf(index, { range, head, reverse: query.reverse ?? false })
  const found = await rows.find(filter, { ...read, sort, limit, batchSize: limit, projection: { rev: 1, doc: 1, [t]: 1 } }).toArray()
  return found.map((row) => ({ row, key: Buffer.concat([head, keyOf((row.keys[slot] as SlotKeys).t)]) }))
}

interface Walk {
  readonly filter: Readonly<Record<string, unknown>>
  readonly sort: Readonly<Record<string, 1 | -1>>
}

/** One head, and a range of what stands behind it: the index `{h: 1, t: 1}` has exactly these rows in exactly this order. */
export function walkOf(
  index: IndexSpec,
  { range, head, reverse }: { readonly range: KeyRange; readonly head: Buffer; readonly reverse: boolean },
): Walk {
  const { h, t } = pathsOf(index)
  const tails = { $gte: textOf(range.lower.subarray(head.length)), $lt: textOf(range.upper.subarray(head.length)) }
  return { filter: { [h]: textOf(head), [t]: tails }, sort: { [t]: reverse ? -1 : 1 } }
}

/**
 * The entries of the documents whose array is not fixed by the prefix. MongoDB orders a document with an array by its least
 * element, in the range or not, so they are taken apart and sorted: this reads the whole range. Where there is no such
 * document it is one look at the index.
 */
async function spread({ rows, index, query, limit, read }: Search, { lower, upper }: KeyRange): Promise<Found[]> {
  const { h, t } = pathsOf(index)
  const heads = { $gt: textOf(encodeKey(query.prefix)), $lt: textOf(upper) }
  const stages: Document[] = [
    { $match: { [h]: { $elemMatch: heads } } },
    { $project: { rev: 1, doc: 1, head: `$${h}`, tail: `$${t}` } },
    { $unwind: '$head' },
    { $project: { rev: 1, doc: 1, key: { $concat: ['$head', '$tail'] } } },
    { $match: { key: { $gte: textOf(lower), $lt: textOf(upper) } } },
    { $sort: { key: query.reverse ? -1 : 1 } },
    { $limit: limit },
  ]
  const found = await rows.aggregate<Row & { readonly key: string }>(stages, { ...read, allowDiskUse: true }).toArray()
  return found.map((row) => ({ row, key: keyOf(row.key) }))
}

function pathsOf(index: IndexSpec): { readonly slot: string; readonly h: string; readonly t: string } {
  const slot = slotOf(index)
  return { slot, h: `keys.${slot}.h`, t: `keys.${slot}.t` }
}

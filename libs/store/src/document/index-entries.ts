import type { IndexSpec } from '../document-store.ts'
import { encodeKey, type IndexTerm, isIndexValue } from './index-key.ts'

/**
 * Where a document stands in an index. The key of an entry is one of the heads followed by the tail. Where a member is an
 * array, there is a head per element, from the first member to the array, and everything behind it (the id last) is the
 * tail; where none is, the one head is empty. So the heads can be many, and the tail is always one.
 */
export interface IndexEntries {
  readonly heads: readonly [Buffer, ...Buffer[]]
  readonly tail: Buffer
}

const NO_HEAD: readonly [Buffer] = [Buffer.alloc(0)]

/** The entries of a document, undefined when it has none. Throws TypeError when two members are arrays. */
export function indexEntries(doc: Readonly<Record<string, unknown>>, index: IndexSpec): IndexEntries | undefined {
  const members = index.members.map((member) => termsAt(doc, member.split('.')))
  if (members[0]?.terms.length === 0) return undefined
  const [array, second] = members.flatMap(({ array }, position) => (array ? [position] : []))
  if (second !== undefined) throw new TypeError(`index ${index.name}: only one member may be an array`)
  const terms = members.map((member) => member.terms[0])
  const id = doc.id as string
  if (array === undefined) return { heads: NO_HEAD, tail: encodeKey([...terms, id]) }
  const before = terms.slice(0, array)
  const heads = (members[array]?.terms ?? []).map((term) => encodeKey([...before, term]))
  // An array without anything that can be compared is an absent member.
  if (!isFilled(heads)) return { heads: NO_HEAD, tail: encodeKey([...terms, id]) }
  return { heads: distinct(heads), tail: encodeKey([...terms.slice(array + 1), id]) }
}

/** The keys under which a document stands in an index, without repetition. Throws TypeError when two members are arrays. */
export function indexKeys(doc: Readonly<Record<string, unknown>>, index: IndexSpec): Buffer[] {
  const entries = indexEntries(doc, index)
  return entries?.heads.map((head) => Buffer.concat([head, entries.tail])) ?? []
}

function isFilled(heads: Buffer[]): heads is [Buffer, ...Buffer[]] {
  return heads.length > 0
}

function distinct(heads: [Buffer, ...Buffer[]]): [Buffer, ...Buffer[]] {
  const [first, ...others] = heads
  const found = new Map(others.map((head) => [head.toString('latin1'), head]))
  found.delete(first.toString('latin1'))
  return [first, ...found.values()]
}

interface Terms {
  readonly terms: readonly IndexTerm[]
  /** An array was met on the way or at the end. */
  readonly array: boolean
}

const NOTHING: Terms = { terms: [], array: false }

/** What cannot be compared (null, bytes, an object, an array in an array) counts as absent. */
function termsAt(value: unknown, path: readonly string[]): Terms {
  if (Array.isArray(value)) {
    return { terms: value.flatMap((item) => (Array.isArray(item) ? [] : termsAt(item, path).terms)), array: true }
  }
  const [name, ...rest] = path
  if (name === undefined) return isIndexValue(value) ? { terms: [value], array: false } : NOTHING
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return NOTHING
  return termsAt((value as Readonly<Record<string, unknown>>)[name], rest)
}

import type { IndexSpec } from '../document-store.ts'
import { encodeKey, type IndexTerm, isIndexValue } from './index-key.ts'

/** The keys under which a document stands in an index, without repetition. Throws TypeError when two members are arrays. */
export function indexKeys(doc: Readonly<Record<string, unknown>>, index: IndexSpec): Buffer[] {
  const keys = entries(doc, index).map((entry) => encodeKey([...entry, doc.id as string]))
  if (keys.length < 2) return keys
  return [...new Map(keys.map((key) => [key.toString('latin1'), key])).values()]
}

function entries(doc: Readonly<Record<string, unknown>>, index: IndexSpec): IndexTerm[][] {
  let rows: IndexTerm[][] = [[]]
  let fannedOut = false
  for (const [position, member] of index.members.entries()) {
    const { terms, array } = termsAt(doc, member.split('.'))
    if (array && fannedOut) throw new TypeError(`index ${index.name}: only one member may be an array`)
    fannedOut ||= array
    if (terms.length === 0 && position === 0) return []
    const options: readonly IndexTerm[] = terms.length === 0 ? [undefined] : terms
    rows = rows.flatMap((row) => options.map((term) => [...row, term]))
  }
  return rows
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

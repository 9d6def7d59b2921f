import type { Collection, Doc, FindQuery, Stored } from '@credence/store'

/** A place in a list that is ordered by time, then by id. */
export interface Place {
  readonly at: number
  readonly id: string
}

export interface ScanOptions<D extends Doc> {
  readonly index: string
  readonly prefix: FindQuery['prefix']
  /** The time that the index orders by. */
  readonly timeOf: (doc: D) => Date
  /** Begin behind this place. */
  readonly after?: Place | undefined
  /** Newest first. */
  readonly reverse?: boolean
}

const PAGE = 100

/**
 * The documents of an index in order of (time, id), page by page as they are asked for. The place is compared by value, so
 * that a list goes on where it was even when the document that it ended with is gone.
 */
export async function* scan<D extends Doc>(collection: Collection<D>, options: ScanOptions<D>): AsyncGenerator<Stored<D>> {
  const { after, reverse = false, timeOf } = options
  let page: string | undefined
  do {
    const found = await collection.find(options.index, {
      prefix: options.prefix,
      limit: PAGE,
      ...(reverse ? { reverse: true } : {}),
      ...rangeFrom(after, reverse),
      ...(page === undefined ? {} : { after: page }),
    })
    for (const doc of found.docs) {
      if (after === undefined || isBehind({ at: timeOf(doc).getTime(), id: doc.id }, after, reverse)) yield doc
    }
    page = found.next
  } while (page !== undefined)
}

export function isBehind(place: Place, after: Place, reverse = false): boolean {
  if (place.at !== after.at) return reverse ? place.at < after.at : place.at > after.at
  return reverse ? place.id < after.id : place.id > after.id
}

function rangeFrom(after: Place | undefined, reverse: boolean): Pick<FindQuery, 'from' | 'to'> {
  if (after === undefined) return {}
  return reverse ? { to: new Date(after.at + 1) } : { from: new Date(after.at) }
}

/** All documents of an index under a prefix. For sets that one person can grasp: the consumers of one credential. */
export async function findAll<D extends Doc>(collection: Collection<D>, index: string, prefix: FindQuery['prefix']): Promise<Stored<D>[]> {
  const docs: Stored<D>[] = []
  let after: string | undefined
  do {
    const page = await collection.find(index, { prefix, limit: 500, ...(after === undefined ? {} : { after }) })
    docs.push(...page.docs)
    after = page.next
  } while (after !== undefined)
  return docs
}

/** How many documents stand under a prefix, in the range of the next member. */
export async function countIn<D extends Doc>(collection: Collection<D>, index: string, query: Omit<FindQuery, 'limit'>): Promise<number> {
  let count = 0
  let after: string | undefined
  do {
    const page = await collection.find(index, { ...query, limit: 500, ...(after === undefined ? {} : { after }) })
    count += page.docs.length
    after = page.next
  } while (after !== undefined)
  return count
}

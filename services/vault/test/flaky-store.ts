import { CodedError } from '@credence/errors'
import type { Collection, Doc, DocumentStore } from '@credence/store'

/** A real store that can go away: while `down`, every write is refused as a lost one is; `slow` holds back what reads give. */
export interface FlakyStore extends DocumentStore {
  down: boolean
  /** What each read that begins now waits for before its answer is given. */
  slow: Promise<void> | undefined
  /** Reads that wait for it. */
  reading: number
  /** Writes that were refused. */
  refused: number
}

export function flakyStore(store: DocumentStore): FlakyStore {
  const flaky: FlakyStore = {
    down: false,
    slow: undefined,
    reading: 0,
    refused: 0,
    ping: () => store.ping(),
    close: () => store.close(),
    collection: async (spec) => flakyCollection(flaky, await store.collection(spec)),
  }
  return flaky
}

function flakyCollection<D extends Doc>(flaky: FlakyStore, real: Collection<D>): Collection<D> {
  const unlessDown = async <T>(write: () => Promise<T>): Promise<T> => {
    if (!flaky.down) return write()
    flaky.refused += 1
    throw new CodedError('STORE_UNAVAILABLE')
  }
  return {
    async get(id, options) {
      const { slow } = flaky
      const found = await real.get(id, options)
      if (slow === undefined) return found
      flaky.reading += 1
      await slow
      flaky.reading -= 1
      return found
    },
    find: (index, query) => real.find(index, query),
    insert: (doc) => unlessDown(() => real.insert(doc)),
    replace: (doc, expected) => unlessDown(() => real.replace(doc, expected)),
    remove: (id, expected) => unlessDown(() => real.remove(id, expected)),
  }
}

import { CodedError } from '@credence/errors'
import type { Collection, Doc, DocumentStore } from '@credence/store'

/** One write of a store, before or after it was carried out. */
export interface Write {
  readonly collection: string
  readonly kind: 'insert' | 'replace' | 'remove'
  readonly when: 'before' | 'after'
  readonly id: string
}

/** A real store whose writes fail where `fails` says so: before they happen, or after, when only the answer is lost. */
export function faultyStore(store: DocumentStore, fails: (write: Write) => boolean): DocumentStore {
  const around = async <T>(write: Omit<Write, 'when'>, carryOut: () => Promise<T>): Promise<T> => {
    if (fails({ ...write, when: 'before' })) throw new CodedError('STORE_UNAVAILABLE')
    const result = await carryOut()
    if (fails({ ...write, when: 'after' })) throw new CodedError('STORE_UNAVAILABLE')
    return result
  }
  return {
    async collection<D extends Doc>(spec: Parameters<DocumentStore['collection']>[0]): Promise<Collection<D>> {
      const inner = await store.collection<D>(spec)
      const { name: collection } = spec
      return {
        get: (id, options) => inner.get(id, options),
        find: (index, query) => inner.find(index, query),
        insert: (doc) => around({ collection, kind: 'insert', id: doc.id }, () => inner.insert(doc)),
        replace: (doc, expected) => around({ collection, kind: 'replace', id: doc.id }, () => inner.replace(doc, expected)),
        remove: (id, expected) => around({ collection, kind: 'remove', id }, () => inner.remove(id, expected)),
      }
    },
    ping: () => store.ping(),
    close: () => store.close(),
  }
}

interface Fault {
  readonly fails: (write: Write) => boolean
  readonly hit: () => boolean
}

/** Fails the first write that fits, and no other. */
export function failOnce(fits: (write: Write) => boolean): Fault {
  let hit = false
  return {
    fails(write) {
      if (hit || !fits(write)) return false
      hit = true
      return true
    },
    hit: () => hit,
  }
}

/** Fails the first write that fits and every one after it: what the process that held the store writes no more. */
export function dieAt(fits: (write: Write) => boolean): Fault {
  let dead = false
  return {
    fails(write) {
      dead ||= fits(write)
      return dead
    },
    hit: () => dead,
  }
}

import type { Collection, CollectionSpec, Doc, DocumentStore } from '@credence/store'

/** A store whose inserts into one collection can be made to wait, so that a test decides what comes between a read and a write. */
export class HeldStore implements DocumentStore {
  readonly #store: DocumentStore
  readonly #gates = new Map<string, { readonly reached: () => void; readonly open: Promise<void> }>()

  constructor(store: DocumentStore) {
    this.#store = store
  }

  /** The next insert into this collection waits for `release`; `reached` resolves when it is there. */
  holdInsert(collection: string): { readonly reached: Promise<void>; release(): void } {
    const reached = Promise.withResolvers<void>()
    const open = Promise.withResolvers<void>()
    this.#gates.set(collection, { reached: reached.resolve, open: open.promise })
    return { reached: reached.promise, release: open.resolve }
  }

  async collection<D extends Doc>(spec: CollectionSpec): Promise<Collection<D>> {
    const collection = await this.#store.collection<D>(spec)
    return {
      get: (id, options) => collection.get(id, options),
      insert: async (doc) => {
        const gate = this.#gates.get(spec.name)
        this.#gates.delete(spec.name)
        gate?.reached()
        await gate?.open
        return collection.insert(doc)
      },
      replace: (doc, expected) => collection.replace(doc, expected),
      remove: (id, expected) => collection.remove(id, expected),
      find: (index, query) => collection.find(index, query),
    }
  }

  ping(): Promise<void> {
    return this.#store.ping()
  }

  close(): Promise<void> {
    return this.#store.close()
  }
}

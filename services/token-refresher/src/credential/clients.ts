import { isCoded } from '@credence/errors'
import type { Collection, CollectionSpec, Doc, DocumentStore } from '@credence/store'

export interface ClientPause {
  readonly reason: string
  readonly since: Date
}

/** What is known of an OAuth client, under its `ocl_…` id. */
export interface RefreshClient extends Doc {
  readonly pause?: ClientPause | undefined
}

/** The OAuth clients that were ever paused: one that is wrongly set up must not cost anybody his grant. */
export interface Clients {
  /** Those of `ids` that are paused. */
  paused(ids: Iterable<string | undefined>): Promise<ReadonlySet<string>>
  /** Sets or ends the pause; false when it was so before. A second pause keeps the first one's reason and time. */
  setPause(id: string, pause: ClientPause | undefined): Promise<boolean>
}

export const CLIENT_COLLECTION: CollectionSpec = { name: 'token_refresher_clients', indexes: [] }

export async function openClients(store: DocumentStore): Promise<Clients> {
  const collection: Collection<RefreshClient> = await store.collection(CLIENT_COLLECTION)
  return {
    async paused(ids) {
      const distinct = [...new Set(ids)].filter((id) => id !== undefined)
      const found = await Promise.all(distinct.map((id) => collection.get(id, { fresh: true })))
      return new Set(found.filter((client) => client?.pause !== undefined).map((client) => client!.id))
    },
    async setPause(id, pause) {
      for (;;) {
        const before = await collection.get(id, { fresh: true })
        if ((before?.pause === undefined) === (pause === undefined)) return false
        try {
          if (before === undefined) await collection.insert({ id, v: 1, pause })
          else await collection.replace({ ...before, pause }, before.rev)
          return true
        } catch (error) {
          if (!isCoded(error, 'CONFLICT') && !isCoded(error, 'ALREADY_EXISTS')) throw error
        }
      }
    },
  }
}

import { isCoded } from '@credence/errors'
import type { Doc, DocumentStore, Stored } from '@credence/store'
import type { Sealed } from '../credential/child.ts'

/** An authorization request that was sent and not yet answered. Its id is the SHA-256 of `state`: the store never holds one. */
export interface PendingGrant extends Doc {
  readonly project: string
  readonly credential: string
  readonly session: string
  readonly recipe: string
  readonly plain: Readonly<Record<string, string>>
  readonly scopes: readonly string[]
  readonly redirectUri: string
  /** The PKCE verifier (RFC 7636 §4.1), sealed. */
  readonly sealed: Sealed
  readonly until: Date
}

export interface PendingGrants {
  insert(grant: PendingGrant): Promise<void>
  /** Takes it out: whoever comes second with the same state finds nothing. */
  take(id: string): Promise<PendingGrant | undefined>
  /** Removes those whose time is over, page by page. */
  sweep(now: Date): Promise<void>
}

export async function openPendingGrants(store: DocumentStore): Promise<PendingGrants> {
  const grants = await store.collection<PendingGrant>({ name: 'vault_grants', indexes: [{ name: 'by_end', members: ['until'] }] })
  async function remove(grant: Stored<PendingGrant>): Promise<boolean> {
    try {
      await grants.remove(grant.id, grant.rev)
      return true
    } catch (error) {
      if (isCoded(error, 'CONFLICT')) return false
      throw error
    }
  }
  return {
    insert: async (grant) => void (await grants.insert(grant)),
    async take(id) {
      const grant = await grants.get(id, { fresh: true })
      return grant !== undefined && (await remove(grant)) ? grant : undefined
    },
    async sweep(now) {
      for (;;) {
        const { docs, next } = await grants.find('by_end', { prefix: [], to: now, limit: 100 })
        await Promise.all(docs.map(remove))
        if (next === undefined) return
      }
    },
  }
}

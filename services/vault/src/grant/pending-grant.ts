import { isCoded } from '@credence/errors'
import type { CollectionSpec, Doc, DocumentStore, Stored } from '@credence/store'
import type { Sealed } from '../credential/child.ts'
import type { Envelope } from '../credential/envelope.ts'

/** An authorization request that was sent and not yet answered. Its id is the SHA-256 of `state`: the store never holds one. */
export interface PendingGrant extends Doc {
  readonly project: string
  readonly credential: string
  readonly session: string
  readonly recipe: string
  readonly plain: Readonly<Record<string, string>>
  readonly scopes: readonly string[]
  readonly redirectUri: string
  /** The capability that it is granted to. */
  readonly capability?: string
  /** The PKCE verifier (RFC 7636 §4.1), sealed. */
  readonly sealed: Sealed
  readonly until: Date
  /** Of a sign-in on another device: how often to ask, and when next. */
  readonly device?: { readonly intervalMs: number; readonly nextAt: Date }
}

export interface PendingGrants {
  insert(grant: PendingGrant): Promise<void>
  get(id: string): Promise<Stored<PendingGrant> | undefined>
  /** False when somebody else was faster. */
  replace(grant: PendingGrant, read: Stored<PendingGrant>): Promise<boolean>
  /** Takes it out: whoever comes second with the same state finds nothing. */
  take(id: string): Promise<PendingGrant | undefined>
  /** Wraps the keys of a project's grants anew: somebody may be signing in while the key is rotated. */
  rewrap(project: string, envelope: Envelope): Promise<void>
  /** Removes those whose time is over, page by page. */
  sweep(now: Date): Promise<void>
}

const PAGE = 100

export const GRANT_COLLECTION: CollectionSpec = { name: 'vault_grants', indexes: [{ name: 'by_end', members: ['until'] }] }

export async function openPendingGrants(store: DocumentStore): Promise<PendingGrants> {
  const grants = await store.collection<PendingGrant>(GRANT_COLLECTION)
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
    get: (id) => grants.get(id, { fresh: true }),
    async replace(grant, read) {
      try {
        await grants.replace(grant, read.rev)
        return true
      } catch (error) {
        if (isCoded(error, 'CONFLICT')) return false
        throw error
      }
    },
    async take(id) {
      const grant = await grants.get(id, { fresh: true })
      return grant !== undefined && (await remove(grant)) ? grant : undefined
    },
    async rewrap(project, envelope) {
      for (let after: string | undefined; ; ) {
        const page = await grants.find('by_end', { prefix: [], limit: PAGE, ...(after === undefined ? {} : { after }) })
        for (const { rev, ...grant } of page.docs.filter((doc) => doc.project === project)) {
          const sealed = await envelope.rewrap(grant.sealed, { project, credential: grant.id })
          if (sealed === grant.sealed) continue
          // Whoever took it in the meantime has it.
          await grants.replace({ ...grant, sealed }, rev).catch((error: unknown) => {
            if (!isCoded(error, 'CONFLICT')) throw error
          })
        }
        if (page.next === undefined) return
        after = page.next
      }
    },
    async sweep(now) {
      for (;;) {
        const { docs, next } = await grants.find('by_end', { prefix: [], to: now, limit: PAGE })
        await Promise.all(docs.map(remove))
        if (next === undefined) return
      }
    },
  }
}

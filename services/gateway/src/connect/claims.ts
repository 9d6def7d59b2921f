import { CodedError, isCoded } from '@credence/errors'
import type { Clock } from '@credence/service'
import type { Collection, CollectionSpec, Doc, DocumentStore } from '@credence/store'
import { sha256 } from './digest.ts'

const KEPT_MS = 24 * 3_600_000

/** `gateway_claims`: an idempotency key that was used, by the hash of project, caller and key. */
interface Claim extends Doc {
  readonly digest: string
  readonly subject: string
  readonly until: Date
}

export interface Claims {
  /**
   * The id that the first request under this key was given: `fresh` for the first, the same again for its repetitions.
   * Throws IDEMPOTENCY_CONFLICT when the request is another. Kept 24 h.
   */
  take(
    key: { readonly project: string; readonly caller: string; readonly requestId: string },
    request: unknown,
    fresh: string,
  ): Promise<string>
  /** Removes what is older than is kept. */
  sweep(): Promise<void>
}

export const CLAIM_COLLECTION: CollectionSpec = { name: 'gateway_claims', indexes: [{ name: 'until', members: ['until'] }] }

export async function openClaims(store: DocumentStore, clock: Clock): Promise<Claims> {
  const claims: Collection<Claim> = await store.collection<Claim>(CLAIM_COLLECTION)
  return {
    async take({ project, caller, requestId }, request, fresh) {
      const id = sha256(JSON.stringify(['session', project, caller, requestId]))
      const digest = sha256(JSON.stringify(request))
      const claim = { id, v: 1, digest, subject: fresh, until: new Date(clock.now() + KEPT_MS) }
      const taken = await claims.insert(claim).catch((error: unknown) => {
        if (isCoded(error, 'ALREADY_EXISTS')) return undefined
        throw error
      })
      const first = taken ?? (await claims.get(id, { fresh: true }))
      if (first === undefined) throw new CodedError('CONFLICT')
      if (first.digest !== digest) throw new CodedError('IDEMPOTENCY_CONFLICT')
      return first.subject
    },
    async sweep() {
      const { docs } = await claims.find('until', { prefix: [], to: new Date(clock.now()), limit: 200 })
      for (const claim of docs) await claims.remove(claim.id, claim.rev).catch(() => undefined)
    },
  }
}

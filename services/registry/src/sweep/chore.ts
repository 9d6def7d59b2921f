import { isCoded } from '@credence/errors'
import type { Collection, Doc, Stored } from '@credence/store'
import type { Registry } from '../registry.ts'

/** Goes through what waits, piece by piece. Answers how many pieces could not be finished. */
export type Chore = (registry: Registry) => Promise<number>

const PAGE = 100

/** Each piece by itself, so that one that cannot be finished holds up no other. */
export function chore<D extends Doc>(what: {
  readonly of: Collection<D>
  /** It ends in the time since when a piece waits. */
  readonly index: string
  /** Only what waits for longer than this. Default 0: whatever waits. */
  readonly afterMs?: number
  readonly work: (doc: Stored<D>) => Promise<unknown>
}): Chore {
  return async (registry) => {
    const to = new Date(registry.now().getTime() - (what.afterMs ?? -1))
    let failed = 0
    let after: string | undefined
    const work = async (doc: Stored<D>): Promise<void> => {
      try {
        await what.work(doc)
      } catch (error) {
        // Somebody else is at it.
        if (isCoded(error, 'CONFLICT')) return
        failed++
        const about = doc.id.startsWith('cred_') ? { credential_id: doc.id } : {}
        registry.log.failure('sweep.failed', error, { reason: what.index, ...about })
      }
    }
    do {
      const next = after === undefined ? {} : { after }
      const page = await what.of.find(what.index, { prefix: [], to, limit: PAGE, ...next })
      await Promise.all(page.docs.map(work))
      after = page.next
    } while (after !== undefined)
    return failed
  }
}

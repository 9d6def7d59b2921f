import { isCoded } from '@credence/errors'
import { addFacts, type HasOutbox, type NewFact, OUTBOX_INDEX } from '@credence/events'
import type { Clock, Random } from '@credence/service'
import type { Collection, CollectionSpec, DocumentStore } from '@credence/store'
import type { Verification, VerifyOrder } from './verify.ts'

/** The last verification of a credential, and the facts about it that were not told yet. */
export interface VerificationDoc extends HasOutbox {
  readonly project: string
  readonly at: Date
  readonly verdict: string
  readonly cause: string
  /** Present while the provider could not be asked: when it is asked again. */
  readonly recheckAt?: Date | undefined
  /** How often in a row it could not be asked. */
  readonly undecided: number
}

export interface Verifications {
  readonly collection: Collection<VerificationDoc>
  record(order: VerifyOrder, result: Verification): Promise<void>
  /** Those whose provider is to be asked again by now, the longest waiting first. */
  due(): Promise<readonly VerificationDoc[]>
  /** There is nothing left to ask about. */
  forget(id: string): Promise<void>
}

const FIRST_RECHECK_MS = 60_000
const LONGEST_RECHECK_MS = 3_600_000
const PAGE = 100

export const VERIFICATION_COLLECTION: CollectionSpec = {
  name: 'verifier_verifications',
  indexes: [OUTBOX_INDEX, { name: 'by_recheck', members: ['recheckAt'] }],
}

export async function openVerifications(options: { store: DocumentStore; clock: Clock; random: Random }): Promise<Verifications> {
  const { clock, random } = options
  const collection = await options.store.collection<VerificationDoc>(VERIFICATION_COLLECTION)
  return {
    collection,
    async record(order, result) {
      for (;;) {
        const before = await collection.get(order.credentialId, { fresh: true })
        const kept = before ?? { outbox: [], factSeq: 0 }
        const { project, verdict, cause } = result
        const undecided = verdict === 'undecided' ? (before?.undecided ?? 0) + 1 : 0
        const wait = Math.min(FIRST_RECHECK_MS * 2 ** Math.max(undecided - 1, 0), LONGEST_RECHECK_MS)
        const recheckAt = undecided === 0 ? undefined : new Date(clock.now() + wait)
        const doc: VerificationDoc = {
          ...kept,
          id: order.credentialId,
          v: 1,
          project,
          at: new Date(clock.now()),
          verdict,
          cause,
          recheckAt,
          undecided,
        }
        const context = { source: 'verifier', project, subject: order.credentialId, now: clock.now(), random }
        const told = addFacts(doc, factsOf(order, result), context)
        try {
          await (before === undefined ? collection.insert(told) : collection.replace(told, before.rev))
          return
        } catch (error) {
          if (!isCoded(error, 'CONFLICT') && !isCoded(error, 'ALREADY_EXISTS')) throw error
        }
      }
    },
    due: async () => (await collection.find('by_recheck', { prefix: [], to: new Date(clock.now()), limit: PAGE })).docs,
    async forget(id) {
      const found = await collection.get(id, { fresh: true })
      if (found === undefined || found.recheckAt === undefined) return
      await collection.replace({ ...found, recheckAt: undefined }, found.rev).catch((error: unknown) => {
        if (!isCoded(error, 'CONFLICT')) throw error
      })
    },
  }
}

function factsOf(order: VerifyOrder, result: Verification): NewFact[] {
  if (result.verdict === 'no_probe') return []
  const candidate = order.candidateId === '' ? {} : { candidate_id: order.candidateId }
  const status = result.httpStatus === 0 ? {} : { upstream_status: result.httpStatus }
  const data = { version: result.version, ...candidate, ...status }
  if (result.verdict === 'ok') return [{ type: 'credential.verified', data }]
  return [{ type: 'credential.verification_failed', data: { ...data, reason: result.cause } }]
}

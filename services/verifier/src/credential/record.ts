import { isCoded } from '@credence/errors'
import { addFacts, type HasOutbox, type NewFact, OUTBOX_INDEX } from '@credence/events'
import type { Clock, Random } from '@credence/service'
import type { Collection, DocumentStore } from '@credence/store'
import type { Verification, VerifyOrder } from './verify.ts'

/** The last verification of a credential, and the facts about it that were not told yet. */
export interface VerificationDoc extends HasOutbox {
  readonly project: string
  readonly at: Date
  readonly verdict: string
  readonly cause: string
}

export interface Verifications {
  readonly collection: Collection<VerificationDoc>
  record(order: VerifyOrder, result: Verification): Promise<void>
}

export async function openVerifications(options: { store: DocumentStore; clock: Clock; random: Random }): Promise<Verifications> {
  const { clock, random } = options
  const collection = await options.store.collection<VerificationDoc>({ name: 'verifier_verifications', indexes: [OUTBOX_INDEX] })
  return {
    collection,
    async record(order, result) {
      for (;;) {
        const before = await collection.get(order.credentialId, { fresh: true })
        const kept = before ?? { outbox: [], factSeq: 0 }
        const { project, verdict, cause } = result
        const doc: VerificationDoc = { ...kept, id: order.credentialId, v: 1, project, at: new Date(clock.now()), verdict, cause }
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

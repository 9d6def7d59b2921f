import { createHash, createHmac } from 'node:crypto'
import { answerForms, FACT_KINDS, type FactKind, recordForms } from '@credence/credential/facts'
import { CodedError, isCoded } from '@credence/errors'
import type { Collection, CollectionSpec, Doc, DocumentStore, Stored } from '@credence/store'
import { sameBytes } from '../credential/same-bytes.ts'

/** The digests of one value, one per kind: which kind a capability asks for is not known when a record is pushed. */
type ValueDigests = Readonly<Partial<Record<FactKind, Uint8Array>>>

export interface KnownFact {
  readonly name: string
  /** Each of them is right: a customer has several orders, and a number may be said in several ways. */
  readonly values: readonly ValueDigests[]
}

/** What the team knows of a customer, as keyed digests (`vault_fact_records`). */
export interface FactRecord extends Doc {
  readonly project: string
  readonly user: string
  readonly facts: readonly KnownFact[]
  readonly updatedAt: Date
  readonly mac: Uint8Array
}

/** Which fact of whom. */
export interface FactOf {
  readonly project: string
  readonly user: string
  readonly name: string
}

export interface FactRecords {
  /**
   * Each form that an answer may stand in, as HMAC-SHA-256 under a key of the project that never leaves the vault, over the
   * customer, the fact, the kind and the form: who has the store can neither try all zips there are, nor see that two customers
   * have the same one.
   */
  answers(of: FactOf, kind: FactKind, value: Uint8Array): readonly Uint8Array[]
  /** The normal forms of a value, and what else it is found under; none for one that would match nothing. */
  records(of: FactOf, value: Uint8Array): readonly ValueDigests[]
  /** Throws CREDENTIAL_QUARANTINED for one that a storage writer made or altered. */
  read(project: string, user: string): Promise<Stored<FactRecord> | undefined>
  write(project: string, user: string, decide: (before: readonly KnownFact[]) => readonly KnownFact[]): Promise<void>
  list(project: string, page: { readonly limit: number; readonly after?: string }): ReturnType<Collection<FactRecord>['find']>
}

export const FACT_RECORD_COLLECTION: CollectionSpec = {
  name: 'vault_fact_records',
  indexes: [{ name: 'by_project', members: ['project', 'user'] }],
}

const MAX_TRIES = 50

export async function openFactRecords(options: {
  readonly store: DocumentStore
  readonly key: Uint8Array
  readonly now: () => number
}): Promise<FactRecords> {
  const { key, now } = options
  const docs = await options.store.collection<FactRecord>(FACT_RECORD_COLLECTION)
  const digest = ({ project, user, name }: FactOf, kind: FactKind, form: string): Uint8Array =>
    hmac(hmac(key, ['facts', project]), [user, name, kind, form])
  const read: FactRecords['read'] = async (project, user) => {
    const doc = await docs.get(idOf(project, user), { fresh: true })
    if (doc === undefined || sameBytes(macOf(key, doc), doc.mac)) return doc
    throw new CodedError('CREDENTIAL_QUARANTINED', 'What was stored of this customer was altered.')
  }
  return {
    answers: (of, kind, value) => answerForms(kind, textOf(value)).map((form) => digest(of, kind, form)),
    records(of, value) {
      const forms = FACT_KINDS.map((kind) => [kind, recordForms(kind, textOf(value))] as const)
      const most = Math.max(...forms.map(([, all]) => all.length))
      return Array.from({ length: most }, (_, i) =>
        Object.fromEntries(forms.flatMap(([kind, { [i]: form }]) => (form === undefined ? [] : [[kind, digest(of, kind, form)]]))),
      )
    },
    read,
    async write(project, user, decide) {
      for (let tries = 1; ; tries++) {
        const before = await docs.get(idOf(project, user), { fresh: true })
        // One that was altered is worth nothing: what is pushed now stands alone.
        const kept = before !== undefined && sameBytes(macOf(key, before), before.mac) ? before.facts : []
        const unsigned = { id: idOf(project, user), v: 1, project, user, facts: decide(kept), updatedAt: new Date(now()) }
        const doc = { ...unsigned, mac: macOf(key, unsigned) }
        try {
          if (doc.facts.length === 0) return void (before !== undefined && (await docs.remove(before.id, before.rev)))
          return void (await (before === undefined ? docs.insert(doc) : docs.replace(doc, before.rev)))
        } catch (error) {
          const isRace = isCoded(error, 'CONFLICT') || isCoded(error, 'ALREADY_EXISTS')
          if (!isRace || tries === MAX_TRIES) throw error
        }
      }
    },
    list: (project, { limit, after }) => docs.find('by_project', { prefix: [project], limit, ...(after === undefined ? {} : { after }) }),
  }
}

function textOf(value: Uint8Array): string {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8')
}

function macOf(key: Uint8Array, { id, project, user, facts }: Omit<FactRecord, 'mac'>): Buffer {
  const values = facts.map(({ name, values: all }) => [
    name,
    all.map((one) => FACT_KINDS.map((kind) => Buffer.from(one[kind] ?? []).toString('hex'))),
  ])
  return hmac(key, ['record', id, project, user, values])
}

function hmac(key: Uint8Array, parts: readonly unknown[]): Buffer {
  return createHmac('sha256', key).update(JSON.stringify(parts)).digest()
}

function idOf(project: string, user: string): string {
  return createHash('sha256')
    .update(JSON.stringify([project, user]))
    .digest('hex')
}

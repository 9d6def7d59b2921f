import { isCoded } from '@credence/errors'
import type { Collection, CollectionSpec, Doc, DocumentStore } from '@credence/store'
import type { AuditRecord } from './record.ts'

/** A use as it can be read back: its beginning and its end in one. */
export interface Use {
  readonly use: string
  readonly at: number
  readonly action: string
  readonly subject: string
  readonly user: string
  readonly consumer: string
  readonly method: string
  /** `ok`, the error code, or `began` for one whose end was never seen. */
  readonly outcome: string
  readonly status: number
  readonly providerError: string
  readonly trace: string
}

/** Uses of one credential that were shipped together. Index: one project's view of one credential. */
interface UsesDoc extends Doc {
  readonly project: string
  readonly credential: string
  readonly at: Date
  readonly uses: readonly Use[]
}

/** Whose history. A stranger's attempt on a foreign id stands in his own project. */
export interface Whose {
  readonly project: string
  readonly credential: string
}

export interface Uses {
  /** Stores the uses of one credential. Repeating it with the same ones is safe. */
  put(whose: Whose, uses: readonly Use[]): Promise<void>
  /** Newest first; about `limit` of them. */
  list(whose: Whose, page: { readonly limit: number; readonly after?: string }): Promise<{ uses: Use[]; next?: string }>
}

/** Keeps a page of them below the largest gRPC message. */
const MOST_PER_DOC = 50
const MOST_DOCS = 100

export const USE_COLLECTION: CollectionSpec = {
  name: 'vault_uses',
  indexes: [{ name: 'by_credential', members: ['project', 'credential', 'at'] }],
}

export async function openUses(store: DocumentStore): Promise<Uses> {
  const docs = await store.collection<UsesDoc>(USE_COLLECTION)
  return {
    async put(whose, uses) {
      const sorted = uses.toSorted((a, b) => a.at - b.at)
      for (let from = 0; from < sorted.length; from += MOST_PER_DOC) await putDoc(docs, whose, sorted.slice(from, from + MOST_PER_DOC))
    },
    async list({ project, credential }, { limit, after }) {
      const query = { prefix: [project, credential], reverse: true, ...(after === undefined ? {} : { after }) }
      const found = await docs.find('by_credential', { ...query, limit: Math.min(limit, MOST_DOCS) })
      const enough = countFor(found.docs, limit)
      const page = enough === found.docs.length ? found : await docs.find('by_credential', { ...query, limit: enough })
      const uses = page.docs.flatMap((doc) => doc.uses.toReversed())
      return { uses, ...(page.next === undefined ? {} : { next: page.next }) }
    },
  }
}

async function putDoc(docs: Collection<UsesDoc>, { project, credential }: Whose, uses: readonly Use[]): Promise<void> {
  const id = `${credential}.${uses[0]!.use}`
  await docs.insert({ id, v: 1, project, credential, at: new Date(uses.at(-1)!.at), uses }).catch((error: unknown) => {
    if (!isCoded(error, 'ALREADY_EXISTS')) throw error
  })
}

/** How many of these hold `limit` uses; all of them when they do not. */
function countFor(docs: readonly UsesDoc[], limit: number): number {
  let count = 0
  for (const [i, doc] of docs.entries()) {
    count += doc.uses.length
    if (count >= limit) return i + 1
  }
  return docs.length
}

/** An `ended` or `denied` record has all members of its `began`. */
export function useOf(record: AuditRecord): Use {
  const { use, at, action, subject, user = '', consumer = '', method = '', outcome = 'began', status = 0 } = record
  const { providerError = '', trace = '' } = record
  return { use, at, action, subject, user, consumer, method, outcome, status, providerError, trace }
}

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
  /** Absent in rows of before capabilities were. */
  readonly credential: string
  readonly capabilities: readonly string[]
}

/** Uses of one credential that were shipped together. Index: one project's view of one credential. */
interface UsesDoc extends Doc {
  readonly project: string
  readonly credential: string
  /** `<project>|<capability>` of all that these uses belong to. */
  readonly capabilities?: readonly string[]
  readonly at: Date
  readonly uses: readonly StoredUse[]
}

type StoredUse = Omit<Use, 'credential' | 'capabilities'>

/** Whose history. A stranger's attempt on a foreign id stands in his own project. */
export type Whose = { readonly project: string } & ({ readonly credential: string } | { readonly capability: string })

/** What the uses of one document have in common. */
export interface Group {
  readonly project: string
  readonly credential: string
  readonly capabilities: readonly string[]
}

export interface Uses {
  /** Stores uses of one credential through the same capabilities. Repeating it with the same ones is safe. */
  put(group: Group, uses: readonly Use[]): Promise<void>
  /** Newest first; about `limit` of them. */
  list(whose: Whose, page: { readonly limit: number; readonly after?: string }): Promise<{ uses: Use[]; next?: string }>
}

/** Keeps a page of them below the largest gRPC message. */
const MOST_PER_DOC = 50
const MOST_DOCS = 100

export const USE_COLLECTION: CollectionSpec = {
  name: 'vault_uses',
  indexes: [
    { name: 'by_credential', members: ['project', 'credential', 'at'] },
    { name: 'by_capability', members: ['capabilities', 'at'] },
  ],
}

export async function openUses(store: DocumentStore): Promise<Uses> {
  const docs = await store.collection<UsesDoc>(USE_COLLECTION)
  return {
    async put(group, uses) {
      const sorted = uses.toSorted((a, b) => a.at - b.at)
      for (let from = 0; from < sorted.length; from += MOST_PER_DOC) await putDoc(docs, group, sorted.slice(from, from + MOST_PER_DOC))
    },
    async list(whose, { limit, after }) {
      const { index, prefix } = placeOf(whose)
      const query = { prefix, reverse: true, ...(after === undefined ? {} : { after }) }
      const found = await docs.find(index, { ...query, limit: Math.min(limit, MOST_DOCS) })
      const enough = countFor(found.docs, limit)
      const page = enough === found.docs.length ? found : await docs.find(index, { ...query, limit: enough })
      const uses = page.docs.flatMap(usesIn)
      return { uses, ...(page.next === undefined ? {} : { next: page.next }) }
    },
  }
}

function placeOf(whose: Whose): { index: string; prefix: string[] } {
  const { project } = whose
  if ('capability' in whose) return { index: 'by_capability', prefix: [`${project}|${whose.capability}`] }
  return { index: 'by_credential', prefix: [project, whose.credential] }
}

/** Newest first. */
function usesIn({ project, credential, capabilities = [], uses }: UsesDoc): Use[] {
  const ids = capabilities.map((name) => name.slice(project.length + 1))
  return uses.toReversed().map((use) => ({ ...use, credential, capabilities: ids }))
}

async function putDoc(docs: Collection<UsesDoc>, group: Group, uses: readonly Use[]): Promise<void> {
  const { project, credential } = group
  const id = `${credential}.${uses[0]!.use}`
  const stored = uses.map(({ credential: _its, capabilities: _theirs, ...use }) => use)
  const capabilities = group.capabilities.map((capability) => `${project}|${capability}`)
  const named = capabilities.length === 0 ? {} : { capabilities }
  await docs.insert({ id, v: 1, project, credential, ...named, at: new Date(uses.at(-1)!.at), uses: stored }).catch((error: unknown) => {
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
  const { providerError = '', trace = '', credential, capabilities = [] } = record
  return { use, at, action, subject, user, consumer, method, outcome, status, providerError, trace, credential, capabilities }
}

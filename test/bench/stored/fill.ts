import { cpSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { newId } from '@credence/credential'
import { systemRandom as random } from '@credence/service'
import { type Collection, type Doc, type DocumentStore, openSqliteStore } from '@credence/store'
// What a service stores is nobody's business but the bench's, which makes a million of it without a million sign-ins.
import type { Parent } from '../../../services/registry/src/credential/parent.ts'
import { openCollections } from '../../../services/registry/src/store/collections.ts'
import { PLAN_INDEXES, type Plan } from '../../../services/token-refresher/src/credential/plan.ts'
import { CHILD_COLLECTION, CHILD_INDEXES, type Child } from '../../../services/vault/src/credential/child.ts'
import type { Template } from './template.ts'

/** All plans of a filled store come due from here on, one each second. */
export const FIRST_DUE_AT: number = Date.UTC(2100, 0, 1)
const SECRET_BYTES = 600
/** What AES-GCM and the names of the fields add. */
const BOX_BYTES: number = SECRET_BYTES + 64
const AT_ONCE = 500

export interface Filled {
  readonly home: string
  readonly credentials: number
  /** Of the database file, for each credential that was put in. */
  readonly bytesEach: number
}

/** A copy of the template's home with so many more credentials, through the store. */
export async function fill(template: Template, home: string, credentials: number): Promise<Filled> {
  cpSync(template.home, home, { recursive: true })
  const file = join(home, 'credence.db')
  const before = statSync(file).size
  const store = await openSqliteStore({ file, random })
  const put = await writerOf(store, template.credentialId)
  for (let from = 0; from < credentials; from += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, credentials - from) }, (_, i) => put(from + i)))
  }
  await store.close()
  return { home, credentials, bytesEach: (statSync(file).size - before) / credentials }
}

async function writerOf(store: DocumentStore, templateId: string): Promise<(index: number) => Promise<unknown>> {
  const parents = (await openCollections(store)).credentials
  const children = await store.collection<Child>({ name: CHILD_COLLECTION, indexes: CHILD_INDEXES })
  const plans = await store.collection<Plan>({ name: 'token_refresher_plans', indexes: PLAN_INDEXES })
  const parent = await need(parents, templateId)
  const child = await need(children, templateId)
  const plan = await need(plans, templateId)
  await plans.remove(plan.id, plan.rev)
  return (index) => {
    const id = newId('cred', (count) => random.bytes(count))
    const user = newId('usr', (count) => random.bytes(count))
    return Promise.all([
      parents.insert(parentOf(parent, { id, user, index })),
      children.insert(childOf(child, { id, user, index })),
      plans.insert(idlePlan(plan, { id, index })),
    ])
  }
}

/** One that nobody has to be told of, and that is due in its turn. */
export function idlePlan(plan: Plan, { id, index }: { readonly id: string; readonly index: number }): Plan {
  return { ...plan, id, refreshAt: new Date(FIRST_DUE_AT + index * 1000), outbox: [] }
}

async function need<D extends Doc>(
  collection: Collection<D>,
  id: string,
): ReturnType<Collection<D>['get']> extends Promise<infer R> ? Promise<NonNullable<R>> : never {
  const doc = await collection.get(id)
  if (doc === undefined) throw new TypeError(`the template has no document ${id}`)
  return doc as never
}

interface Person {
  readonly id: string
  readonly user: string
  readonly index: number
}

function parentOf(parent: Parent, { id, user, index }: Person): Parent {
  const owner = { id: user, names: [`id:person-${index}`] }
  return { ...parent, id: id as Parent['id'], label: `Account ${index}`, owner, visibleTo: [user], outbox: [] }
}

function childOf(child: Child, { id, user, index }: Person): Child {
  const { sealed, access } = child
  if (sealed === undefined || access === undefined) throw new TypeError('the template has no secret in force')
  const box = Buffer.from(random.bytes(BOX_BYTES))
  return { ...child, id, sealed: { ...sealed, box }, access: { ...access, owner: [user, `id:person-${index}`] }, outbox: [] }
}

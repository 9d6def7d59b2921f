import { hasGrant } from '@credence/credential'
import type { Stored } from '@credence/store'
import { type Actor, needScope, ownOrder } from '../caller/actor.ts'
import { pageSize } from '../documents/page-token.ts'
import { countIn, isBehind, type Place, scan } from '../documents/scan.ts'
import type { Registry } from '../registry.ts'
import type { Parent } from './parent.ts'
import { findVisible } from './visibility.ts'

/** Opened by the owner it starts a fresh session; there is no secret in it, so it may stand in events and errors. */
export function reconnectUrl(registry: Registry, id: string): string {
  return `${registry.publicUrl}/r/${id}`
}

/** A credential with what is counted when it is asked for. */
export interface Described {
  readonly doc: Parent
  readonly consumerCount: number
}

export async function describe(registry: Registry, doc: Parent): Promise<Described> {
  return { doc, consumerCount: await countIn(registry.docs.consumers, 'bound', { prefix: [doc.id] }) }
}

/** Families whose access is renewed by itself; of `custom` some are and some are not, which the vault knows. */
export function mayRenew({ family }: Pick<Parent, 'family'>): boolean {
  return hasGrant(family) || family === 'custom'
}

/** One credential. Its health is `refreshing` while the refresher is at it, which is nowhere stored. */
export async function get(registry: Registry, actor: Actor, id: string): Promise<Described> {
  needScope(actor, 'credentials.read')
  const doc = await findVisible(registry, actor, id)
  const mayRefresh = mayRenew(doc) && doc.status === 'active'
  const isRefreshing = mayRefresh && (await registry.plans.isRefreshing(ownOrder(doc.project), doc.id))
  return describe(registry, isRefreshing ? { ...doc, health: 'refreshing' } : doc)
}

export interface ListQuery {
  readonly pageSize: number
  readonly pageToken: string
  /** Empty: of every provider. */
  readonly providerId: string
  /** Empty: in every status. */
  readonly status: string
}

/** A filter that nearly nothing passes must not read a whole project for one page; the page is then short, and goes on. */
const MAX_READ = 2_000

/** The actor's own credentials and those shared with him or with the project, by (createdAt, id), oldest first. */
export async function list(registry: Registry, actor: Actor, query: ListQuery): Promise<{ page: Described[]; nextPageToken: string }> {
  needScope(actor, 'credentials.read')
  const name = ['credentials', actor.project, actor.user?.id ?? '', query.providerId, query.status]
  const after = registry.pages.read<Place>(name, query.pageToken)
  const limit = pageSize(query.pageSize)
  const docs: Stored<Parent>[] = []
  let last: Place | undefined
  let read = 0
  for await (const doc of visibleTo(registry, actor, after)) {
    if (docs.length === limit || read === MAX_READ) {
      const page = await Promise.all(docs.map((found) => describe(registry, found)))
      return { page, nextPageToken: last === undefined ? '' : registry.pages.make(name, last) }
    }
    read++
    last = placeOf(doc)
    if (matches(doc, query)) docs.push(doc)
  }
  return { page: await Promise.all(docs.map((found) => describe(registry, found))), nextPageToken: '' }
}

function matches(doc: Parent, query: ListQuery): boolean {
  return (query.providerId === '' || doc.provider.id === query.providerId) && (query.status === '' || doc.status === query.status)
}

function placeOf(doc: Parent): Place {
  return { at: doc.createdAt.getTime(), id: doc.id }
}

/** Two lists in one order: the user's, and the project's. What stands in both comes once. */
async function* visibleTo(registry: Registry, actor: Actor, after: Place | undefined): AsyncGenerator<Stored<Parent>> {
  const viewers = actor.user === undefined ? [actor.project] : [actor.user.id, actor.project]
  const scans = viewers.map((viewer) =>
    scan(registry.docs.credentials, { index: 'visible', prefix: [viewer], timeOf: (doc) => doc.createdAt, after }),
  )
  const heads = await Promise.all(scans.map((one) => one.next()))
  let last: Place | undefined
  for (;;) {
    let first = -1
    heads.forEach((head, i) => {
      const best = heads[first]
      if (!head.done && (best === undefined || best.done || isBehind(placeOf(best.value), placeOf(head.value)))) first = i
    })
    const head = heads[first]
    if (head === undefined || head.done) return
    heads[first] = await scans[first]!.next()
    if (head.value.id !== last?.id) yield head.value
    last = placeOf(head.value)
  }
}

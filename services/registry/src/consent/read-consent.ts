import { isId } from '@credence/credential'
import { CodedError } from '@credence/errors'
import type { Stored } from '@credence/store'
import { type Actor, needScope } from '../caller/actor.ts'
import { foldedName, resolveUser } from '../caller/resolve-user.ts'
import { consentedTo } from '../capability/capability.ts'
import { pageSize } from '../documents/page-token.ts'
import { type Place, scan } from '../documents/scan.ts'
import type { Registry } from '../registry.ts'
import type { ConsentDoc } from './consent.ts'

/** `covers`: it is what the capability asks for now. */
export interface ConsentView {
  readonly doc: ConsentDoc
  readonly covers: boolean
}

/** One that the actor may see: his own user's, or any of the team's project. NOT_FOUND for anything else. */
export async function findConsent(registry: Registry, actor: Actor, id: string): Promise<Stored<ConsentDoc>> {
  const doc = await registry.docs.consents.get(isId('cons', id) ? id : 'cons_', { fresh: true })
  const mine = doc !== undefined && doc.project === actor.project && (seesAll(actor) || doc.user === actor.user?.id)
  if (!mine) throw new CodedError('NOT_FOUND', 'There is no such consent here.')
  return doc
}

export async function getConsent(registry: Registry, actor: Actor, id: string): Promise<ConsentView> {
  needScope(actor, 'use', 'providers')
  return viewOf(registry, await findConsent(registry, actor, id))
}

export interface ConsentQuery {
  readonly pageSize: number
  readonly pageToken: string
  readonly capabilityId: string
  readonly user: string
}

/** Oldest first: those of one customer, or everybody's for the team. */
export async function listConsents(
  registry: Registry,
  actor: Actor,
  query: ConsentQuery,
): Promise<{ page: ConsentView[]; nextPageToken: string }> {
  needScope(actor, 'use', 'providers')
  const user = await askedUser(registry, actor, query.user)
  const { capabilityId } = query
  const name = ['consents', actor.project, user ?? '', capabilityId]
  const after = registry.pages.read<Place>(name, query.pageToken)
  const limit = pageSize(query.pageSize)
  const place = user === undefined ? { index: 'project', prefix: [actor.project] } : { index: 'user', prefix: [user] }
  const found: ConsentDoc[] = []
  let nextPageToken = ''
  for await (const doc of scan(registry.docs.consents, { ...place, timeOf: (one) => one.createdAt, after })) {
    if (doc.project !== actor.project || (capabilityId !== '' && doc.capability !== capabilityId)) continue
    const last = found.at(-1)
    if (found.length === limit && last !== undefined) {
      nextPageToken = registry.pages.make(name, { at: last.createdAt.getTime(), id: last.id })
      break
    }
    found.push(doc)
  }
  return { page: await Promise.all(found.map((doc) => viewOf(registry, doc))), nextPageToken }
}

/** Whose are asked for; undefined: everybody's. Throws SCOPE_REQUIRED for those of another customer than the actor's own. */
async function askedUser(registry: Registry, actor: Actor, name: string): Promise<string | undefined> {
  const own = actor.user?.id
  if (name === '') {
    if (own === undefined) needScope(actor, 'providers')
    return own
  }
  const { id } = await resolveUser(registry, actor.project, { names: [foldedName(name, '/user')], create: false })
  if (id !== own) needScope(actor, 'providers')
  return id
}

function seesAll(actor: Actor): boolean {
  return actor.service || (actor.user === undefined && actor.scopes.includes('providers'))
}

export async function viewOf(registry: Registry, doc: ConsentDoc): Promise<ConsentView> {
  const capability = await registry.docs.capabilities.get(doc.capability)
  const [latest] = doc.entries
  if (doc.state !== 'given' || latest === undefined || capability === undefined || capability.deletedAt !== undefined)
    return { doc, covers: false }
  const { purpose, scopes } = consentedTo(capability)
  return { doc, covers: latest.purpose === purpose && scopes.every((scope) => latest.scopes.includes(scope)) }
}

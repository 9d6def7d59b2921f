import { isId } from '@credence/credential'
import { CodedError } from '@credence/errors'
import type { Stored } from '@credence/store'
import { type Actor, needScope } from '../caller/actor.ts'
import { isThere } from '../credential/parent.ts'
import { pageSize } from '../documents/page-token.ts'
import { findAll, type Place, scan } from '../documents/scan.ts'
import type { Registry } from '../registry.ts'
import { type CapabilityDoc, whose } from './capability.ts'

/** A capability with what is counted when it is asked for. */
export interface CapabilityView {
  readonly doc: CapabilityDoc
  readonly customers: number
}

/** One of the actor's project; NOT_FOUND for anything else, by the same single read. */
export async function findCapability(
  registry: Registry,
  actor: Pick<Actor, 'project' | 'anyProject'>,
  id: string,
): Promise<Stored<CapabilityDoc>> {
  const doc = await registry.docs.capabilities.get(isId('cap', id) ? id : 'cap_', { fresh: true })
  if (doc === undefined || doc.deletedAt !== undefined || (doc.project !== actor.project && !actor.anyProject)) throw noCapability()
  return doc
}

export function noCapability(): CodedError {
  return new CodedError('NOT_FOUND', 'There is no such capability in this project.')
}

/** The customers whose own credential it uses; none where it uses one of the team. */
export async function customersOf(registry: Registry, doc: CapabilityDoc): Promise<number> {
  if (whose(doc) !== 'customer') return 0
  return (await findAll(registry.docs.credentials, 'used_by', [doc.id])).filter(isThere).length
}

export async function viewOf(registry: Registry, doc: CapabilityDoc): Promise<CapabilityView> {
  return { doc, customers: await customersOf(registry, doc) }
}

export async function getCapability(registry: Registry, actor: Actor, id: string): Promise<CapabilityView> {
  needScope(actor, 'providers', 'credentials.read', 'sessions')
  return viewOf(registry, await findCapability(registry, actor, id))
}

/** The project's capabilities by (createdAt, id), oldest first. */
export async function listCapabilities(
  registry: Registry,
  actor: Actor,
  query: { readonly pageSize: number; readonly pageToken: string; readonly providerId: string },
): Promise<{ page: CapabilityView[]; nextPageToken: string }> {
  needScope(actor, 'providers', 'credentials.read', 'sessions')
  const { providerId } = query
  const name = ['capabilities', actor.project, providerId]
  const after = registry.pages.read<Place>(name, query.pageToken)
  const limit = pageSize(query.pageSize)
  const found: CapabilityDoc[] = []
  let nextPageToken = ''
  const index = providerId === '' ? { index: 'project', prefix: [actor.project] } : { index: 'provider', prefix: [providerId] }
  for await (const doc of scan(registry.docs.capabilities, { ...index, timeOf: (one) => one.createdAt, after })) {
    if (doc.project !== actor.project) continue
    const last = found.at(-1)
    if (found.length === limit && last !== undefined) {
      nextPageToken = registry.pages.make(name, { at: last.createdAt.getTime(), id: last.id })
      break
    }
    found.push(doc)
  }
  return { page: await Promise.all(found.map((doc) => viewOf(registry, doc))), nextPageToken }
}

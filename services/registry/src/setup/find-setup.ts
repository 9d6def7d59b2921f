import { isId } from '@credence/credential'
import { CodedError } from '@credence/errors'
import type { Stored } from '@credence/store'
import { type Actor, needScope } from '../caller/actor.ts'
import { pageSize } from '../documents/page-token.ts'
import { type Place, scan } from '../documents/scan.ts'
import type { Registry } from '../registry.ts'
import type { SetupDoc } from './setup.ts'

/** The setup, if the actor may see it; the same NOT_FOUND for every other reason. */
export async function findSetup(registry: Registry, actor: Actor, id: string): Promise<Stored<SetupDoc>> {
  needScope(actor, 'sessions')
  const doc = await registry.docs.setups.get(isId('set', id) ? id : 'set_', { fresh: true })
  if (doc === undefined || !maySee(actor, doc)) throw noSetup()
  return doc
}

/** Its user, the key that started it as long as it names nobody else, and administrators: a setup holds public text alone. */
export function maySee(actor: Actor, doc: SetupDoc): boolean {
  if (doc.project !== actor.project && !actor.anyProject) return false
  if (actor.service || actor.scopes.includes('providers')) return true
  return doc.visibleTo.includes(actor.user?.id ?? actor.subject)
}

/** Newest first: those of a batch, all of the project for administrators, else the actor's own. */
export async function listSetups(
  registry: Registry,
  actor: Actor,
  query: { readonly batchId: string; readonly pageSize: number; readonly pageToken: string },
): Promise<{ page: SetupDoc[]; nextPageToken: string }> {
  needScope(actor, 'sessions')
  const all = actor.service || actor.scopes.includes('providers')
  const { index, prefix } =
    query.batchId === ''
      ? { index: all ? 'project' : 'visible', prefix: [all ? actor.project : (actor.user?.id ?? actor.subject)] }
      : { index: 'batch', prefix: [query.batchId] }
  const name = ['setups', index, ...prefix]
  const after = registry.pages.read<Place>(name, query.pageToken)
  const limit = pageSize(query.pageSize)
  const page: SetupDoc[] = []
  for await (const doc of scan(registry.docs.setups, { index, prefix, timeOf: (one) => one.createdAt, after, reverse: true })) {
    const last = page.at(-1)
    if (page.length === limit && last !== undefined) {
      return { page, nextPageToken: registry.pages.make(name, { at: last.createdAt.getTime(), id: last.id }) }
    }
    if (maySee(actor, doc)) page.push(doc)
  }
  return { page, nextPageToken: '' }
}

export function noSetup(): CodedError {
  return new CodedError('NOT_FOUND', 'There is no such setup for this caller.')
}

import { type Actor, needScope } from '../caller/actor.ts'
import { pageSize } from '../documents/page-token.ts'
import { type Place, scan } from '../documents/scan.ts'
import type { Registry } from '../registry.ts'
import type { KeyDoc } from './key.ts'

/** The keys of the project, revoked ones too, by (createdAt, id), oldest first. */
export async function listKeys(
  registry: Registry,
  actor: Actor,
  query: { readonly pageSize: number; readonly pageToken: string },
): Promise<{ page: KeyDoc[]; nextPageToken: string }> {
  needScope(actor, 'keys')
  const name = ['keys', actor.project]
  const after = registry.pages.read<Place>(name, query.pageToken)
  const limit = pageSize(query.pageSize)
  const page: KeyDoc[] = []
  const keys = scan(registry.docs.keys, { index: 'project', prefix: [actor.project], timeOf: (doc) => doc.createdAt, after })
  for await (const doc of keys) {
    const last = page.at(-1)
    if (page.length === limit && last !== undefined) {
      return { page, nextPageToken: registry.pages.make(name, { at: last.createdAt.getTime(), id: last.id }) }
    }
    page.push(doc)
  }
  return { page, nextPageToken: '' }
}

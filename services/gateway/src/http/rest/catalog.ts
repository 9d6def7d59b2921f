import { catalogEntries } from '@credence/catalog'
import { parseProvider } from '@credence/provider'
import { z } from 'zod'
import { answers, type RestScope } from './route.ts'

const tags = ['providers']
const entry = z.object({
  slug: z.string().describe('For `POST /v1/providers?catalog={slug}`'),
  display_name: z.string(),
  description: z.string().optional(),
  types: z.array(z.string()),
  docs: z.string().optional(),
})

/** `/v1/catalog`: well-known providers that can be taken over by name. */
export function serveCatalog(app: RestScope): void {
  app.get('/v1/catalog', {
    schema: { tags, summary: 'The built-in catalogue', response: answers(200, z.object({ entries: z.array(entry) })) },
    handler: async () => ({ entries: catalogEntries().map(entryJson) }),
  })
}

function entryJson({ slug, bytes }: ReturnType<typeof catalogEntries>[number]): z.output<typeof entry> {
  const { display_name, description, docs, auth_patterns } = parseProvider(bytes)
  return {
    slug,
    display_name,
    ...(description === undefined ? {} : { description }),
    types: auth_patterns.map(({ type }) => type),
    ...(docs === undefined ? {} : { docs }),
  }
}

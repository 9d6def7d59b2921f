import { CodedError } from '@credence/errors'
import type { Credence, Provider } from '@credence/sdk'

/** A provider by its id, its name (in any case) or the slug of its catalogue entry. Throws NOT_FOUND naming those that are there. */
export async function findProvider(credence: Credence, wanted: string): Promise<Provider> {
  if (wanted.startsWith('prov_')) return credence.providers.get(wanted)
  const folded = wanted.toLowerCase()
  const all: Provider[] = []
  for await (const provider of credence.providers.list()) all.push(provider)
  const named = all.filter(({ displayName }) => displayName.toLowerCase() === folded)
  const found = named.length > 0 ? named : all.filter(({ origin }) => origin === folded)
  const [only] = found
  if (only !== undefined && found.length === 1) return only
  const ids = found.map(({ id }) => id).join(', ')
  if (found.length > 1) throw new CodedError('INVALID_REQUEST', `Several providers are named ${wanted}: give the id of one, ${ids}.`)
  const known = all.map(({ displayName }) => displayName).join(', ')
  const there = known === '' ? 'There is none yet' : `There are: ${known}`
  throw new CodedError('NOT_FOUND', `There is no provider ${wanted}. ${there}. Add one: ${await addition(credence, folded)}`)
}

/** A command that works: what is no slug of the catalogue cannot be taken from it. */
async function addition(credence: Credence, wanted: string): Promise<string> {
  const slugs = (await credence.providers.catalog()).map(({ slug }) => slug)
  if (slugs.includes(wanted)) return `credence provider create --catalog ${wanted}`
  return 'credence provider create FILE, or of those that `credence provider catalog` lists'
}

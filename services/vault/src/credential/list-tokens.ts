import { isCoded } from '@credence/errors'
import type { Recipe } from '@credence/provider'
import type { Child } from './child.ts'
import type { VaultContext } from './vault-context.ts'

/** Times of a grant, and how its last refresh went: what the token-refresher plans by. Never a token. */
export interface TokenFacts {
  readonly child: Child
  readonly recipe: Recipe | undefined
}

/** By id, or page by page over all that end some day. */
export async function listTokens(
  vault: VaultContext,
  query: { ids: readonly string[]; limit: number; after: string },
): Promise<{ tokens: TokenFacts[]; next: string }> {
  if (query.ids.length > 0) {
    const children = await Promise.all(query.ids.map((id) => vault.children.read(id).catch(passOver)))
    return { tokens: await known(vault, children), next: '' }
  }
  const page = await vault.children.collection.find('by_grant', {
    prefix: ['live'],
    limit: query.limit,
    ...(query.after === '' ? {} : { after: query.after }),
  })
  return { tokens: await known(vault, page.docs), next: page.next ?? '' }
}

async function known(vault: VaultContext, children: readonly (Child | undefined)[]): Promise<TokenFacts[]> {
  const facts = await Promise.all(children.map((child) => (child === undefined ? undefined : factsOf(vault, child).catch(passOver))))
  return facts.filter((item) => item !== undefined)
}

async function factsOf(vault: VaultContext, child: Child): Promise<TokenFacts> {
  return { child, recipe: child.deleted === undefined ? await vault.recipes.get(child.recipe) : undefined }
}

/** One row that cannot be used must not keep the others from being refreshed. A store that is away is an error to all. */
function passOver(error: unknown): undefined {
  if (!isCoded(error, 'CREDENTIAL_QUARANTINED') && !isCoded(error, 'NOT_FOUND')) throw error
}

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
    const children = await Promise.all(query.ids.map((id) => vault.children.read(id)))
    return { tokens: await Promise.all(children.filter((child) => child !== undefined).map((child) => factsOf(vault, child))), next: '' }
  }
  const page = await vault.children.collection.find('by_grant', {
    prefix: ['live'],
    limit: query.limit,
    ...(query.after === '' ? {} : { after: query.after }),
  })
  return { tokens: await Promise.all(page.docs.map((child) => factsOf(vault, child))), next: page.next ?? '' }
}

async function factsOf(vault: VaultContext, child: Child): Promise<TokenFacts> {
  return { child, recipe: child.deleted === undefined ? await vault.recipes.get(child.recipe) : undefined }
}

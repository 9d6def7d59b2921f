import { createHash } from 'node:crypto'
import { CodedError, isCoded } from '@credence/errors'
import { decodeRecipe, type Recipe } from '@credence/provider'
import type { CollectionSpec, Doc, DocumentStore } from '@credence/store'

interface RecipeDoc extends Doc {
  readonly project: string
  readonly bytes: Uint8Array
}

/** Immutable extracts of provider versions, named by their digest: cached for ever, so the hot path reads one document. */
export interface Recipes {
  put(id: string, bytes: Uint8Array, project: string): Promise<void>
  get(id: string): Promise<Recipe>
}

export const RECIPE_COLLECTION: CollectionSpec = { name: 'vault_recipes', indexes: [] }

export async function openRecipes(store: DocumentStore): Promise<Recipes> {
  const recipes = await store.collection<RecipeDoc>(RECIPE_COLLECTION)
  const known = new Map<string, Recipe>()
  return {
    async put(id, bytes, project) {
      if (id !== nameOf(bytes)) {
        throw new CodedError('INVALID_REQUEST', 'The recipe is not the one that its id names.')
      }
      const recipe = decodeRecipe(bytes)
      await recipes.insert({ id, v: 1, project, bytes }).catch((error: unknown) => {
        if (!isCoded(error, 'ALREADY_EXISTS')) throw error
      })
      known.set(id, recipe)
    },
    async get(id) {
      const cached = known.get(id)
      if (cached !== undefined) return cached
      const doc = await recipes.get(id)
      if (doc === undefined) throw new CodedError('NOT_FOUND', 'There is no such recipe: put it first.')
      // Its name is in the associated data of secrets; that holds only while the name is that of the bytes.
      if (!(doc.bytes instanceof Uint8Array) || id !== nameOf(doc.bytes))
        throw new CodedError('CREDENTIAL_QUARANTINED', 'The stored recipe was altered.')
      const recipe = decodeRecipe(doc.bytes)
      known.set(id, recipe)
      return recipe
    },
  }
}

function nameOf(bytes: Uint8Array): string {
  return `rcp_${createHash('sha256').update(bytes).digest('hex')}`
}

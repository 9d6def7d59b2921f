import { createHash } from 'node:crypto'
import { CodedError } from '@credence/errors'
import type { Recipe } from './recipe.ts'
import { isRecipe } from './recipe-schema.ts'

/** The canonical bytes of a recipe (JSON, members sorted by name, no white space: RFC 8785 for what a recipe holds) and its name. */
export function encodeRecipe(recipe: Recipe): { id: `rcp_${string}`; bytes: Uint8Array } {
  const bytes = Buffer.from(canonical(recipe), 'utf8')
  return { id: `rcp_${createHash('sha256').update(bytes).digest('hex')}`, bytes }
}

/** Reads what `encodeRecipe` wrote. Throws INVALID_REQUEST when it is not a recipe of format 1 in canonical form: one recipe has one name. */
export function decodeRecipe(bytes: Uint8Array): Recipe {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  const value = parsed(text)
  if (!isRecipe(value)) throw new CodedError('INVALID_REQUEST', 'Send a recipe of format 1.')
  if (canonical(value) !== text) throw new CodedError('INVALID_REQUEST', 'Send the recipe in its canonical form.')
  return value
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  // By UTF-16 code units, as RFC 8785 §3.2.3 says and as `<` compares.
  members.sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`
}

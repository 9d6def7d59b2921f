import type { Fault } from '@credence/errors'
import { nearest } from './nearest.ts'
import { pointerTo } from './pointer.ts'
import type { Recipe } from './recipe.ts'

/**
 * Tells which of the given fields are kept readable and which are sealed, by name alone: values never come here.
 * `names` are the fields that have a value; faults name required ones that are absent and ones that the pattern does not know.
 */
export function splitFields(recipe: Recipe, names: readonly string[]): { plain: string[]; secret: string[]; faults: Fault[] } {
  const given = new Set(names)
  const known = new Map(recipe.fields.map((field) => [field.name, field]))
  const faults: Fault[] = []
  for (const name of given) {
    if (known.has(name)) continue
    const near = nearest(name, [...known.keys()])
    const detail =
      near === undefined ? 'Remove it; this provider asks for no such field.' : `Write \`${near}\`; this provider asks for no other name.`
    faults.push({ pointer: pointerTo('/fields', name), code: 'UNKNOWN_MEMBER', detail })
  }
  for (const field of recipe.fields) {
    if (!field.required || given.has(field.name)) continue
    faults.push({ pointer: pointerTo('/fields', field.name), code: 'MISSING', detail: `Fill in ${field.label}.` })
  }
  const present = recipe.fields.filter((field) => given.has(field.name))
  return {
    plain: present.filter((field) => field.plain).map((field) => field.name),
    secret: present.filter((field) => !field.plain).map((field) => field.name),
    faults,
  }
}

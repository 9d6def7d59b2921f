import { fillHosts, type Hosts, type Recipe } from '@credence/provider'
import type { Candidate, Child } from './child.ts'
import { type Binding, digestOf } from './envelope.ts'

interface Filled {
  readonly filled: Hosts
  readonly hosts: string
}

/** Of the recipes whose addresses have no field: they are the same for every credential. Recipes are cached for ever. */
const constant = new WeakMap<Recipe, Filled>()
/** Of one row while it is in the hand: a call asks for its hosts before and after the decrypt. */
const ofRow = new WeakMap<Readonly<Record<string, string>>, { readonly recipe: Recipe; readonly bound: Filled }>()

/** The hosts that these plain values fill in, and their digest for the associated data. Throws FIELD_REFUSED. */
export function boundHosts(recipe: Recipe, plain: Readonly<Record<string, string>>): Filled {
  const isConstant = Object.keys(plain).length === 0
  const row = isConstant ? undefined : ofRow.get(plain)
  const known = isConstant ? constant.get(recipe) : row?.recipe === recipe ? row.bound : undefined
  if (known !== undefined) return known
  const filled = fillHosts(recipe, plain)
  const bound: Filled = { filled, hosts: digestOf(filled) }
  if (isConstant) constant.set(recipe, bound)
  else ofRow.set(plain, { recipe, bound })
  return bound
}

/** What the secret in force is bound to. */
export function secretBinding(
  child: Pick<Child, 'id' | 'project' | 'version' | 'recipe' | 'plain'>,
  recipe: Recipe,
): Binding & { filled: Hosts } {
  const { project, id: credential, version } = child
  return { project, credential, version, kind: 'secret', recipe: child.recipe, ...boundHosts(recipe, child.plain) }
}

/** What a candidate is bound to: it has no version before it is promoted. */
export function candidateBinding(
  owner: Pick<Child, 'id' | 'project'>,
  candidate: Pick<Candidate, 'id' | 'recipe' | 'plain'>,
  recipe: Recipe,
): Binding & { filled: Hosts } {
  const kind = `candidate:${candidate.id}`
  const bound = boundHosts(recipe, candidate.plain)
  return { project: owner.project, credential: owner.id, version: 0, kind, recipe: candidate.recipe, ...bound }
}

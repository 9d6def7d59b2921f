import { fillHosts, type Hosts, type Recipe } from '@credence/provider'
import type { Candidate, Child } from './child.ts'
import { type Binding, digestOf } from './envelope.ts'

/** What the secret in force is bound to. */
export function secretBinding(
  child: Pick<Child, 'id' | 'project' | 'version' | 'recipe' | 'plain'>,
  recipe: Recipe,
): Binding & { filled: Hosts } {
  const filled = fillHosts(recipe, child.plain)
  const { project, id: credential, version } = child
  return { project, credential, version, kind: 'secret', recipe: child.recipe, hosts: digestOf(filled), filled }
}

/** What a candidate is bound to: it has no version before it is promoted. */
export function candidateBinding(
  owner: Pick<Child, 'id' | 'project'>,
  candidate: Pick<Candidate, 'id' | 'recipe' | 'plain'>,
  recipe: Recipe,
): Binding & { filled: Hosts } {
  const filled = fillHosts(recipe, candidate.plain)
  const kind = `candidate:${candidate.id}`
  return { project: owner.project, credential: owner.id, version: 0, kind, recipe: candidate.recipe, hosts: digestOf(filled), filled }
}

import { CodedError } from '@credence/errors'
import { type Recipe, splitFields } from '@credence/provider'
import { boundHosts, secretBinding } from './binding.ts'
import type { Child } from './child.ts'
import type { DataKey } from './envelope.ts'
import { packFields, type SecretFields, unpackFields } from './secret-fields.ts'
import type { VaultContext } from './vault-context.ts'

/** The child under a newer recipe of its provider, and the fresh key that its fence is signed with. */
export interface Moved extends Disposable {
  readonly child: Child & { readonly sealed: NonNullable<Child['sealed']> }
  readonly dataKey: DataKey
}

/**
 * Seals the secret in force anew under another recipe for the same hosts. It stays the same version: nobody entered anything.
 * Values of fields that the recipe does not have any more are destroyed with the former key. Throws HOST_REFUSED where the
 * recipe leads elsewhere, and FIELD_REFUSED where it needs a field that is not there: both need the person again.
 */
export async function moveRecipe(
  vault: VaultContext,
  child: Child & { readonly sealed: NonNullable<Child['sealed']> },
  recipeId: string,
): Promise<Moved> {
  const [was, is] = [await vault.recipes.get(child.recipe), await vault.recipes.get(recipeId)]
  const binding = secretBinding(child, was)
  using former = await vault.envelope.dataKey(child.sealed, binding)
  const opened = await former.open(child.sealed, binding)
  try {
    const fields = unpackFields(opened)
    const plain = keptPlain(child, is)
    if (boundHosts(is, plain).hosts !== boundHosts(was, child.plain).hosts)
      throw new CodedError('HOST_REFUSED', 'The new version calls other hosts: reconnect the credential.', { credentialId: child.id })
    const kept = keptSecrets({ child, was, is }, fields)
    refuseMissing(is, [...kept.keys(), ...Object.keys(plain)])
    const { prev: _under, ...rest } = child
    const next = { ...rest, recipe: recipeId, plain, family: is.family }
    const { sealed, dataKey } = await vault.envelope.seal(packFields(kept), secretBinding(next, is))
    return { child: { ...next, sealed }, dataKey, [Symbol.dispose]: () => dataKey[Symbol.dispose]() }
  } finally {
    opened.fill(0)
  }
}

function keptPlain(child: Child, is: Recipe): Readonly<Record<string, string>> {
  const names = is.fields.filter((field) => field.plain).map((field) => field.name)
  return Object.fromEntries(Object.entries(child.plain).filter(([name]) => names.includes(name)))
}

/** What the former recipe asked for and the newer one does not goes; what a grant brought stays. A plain value that is secret now is sealed. */
function keptSecrets(
  { child, was, is }: { readonly child: Child; readonly was: Recipe; readonly is: Recipe },
  fields: SecretFields,
): Map<string, Buffer> {
  const asked = new Set(was.fields.map((field) => field.name))
  const declared = new Set(is.fields.map((field) => field.name))
  const kept = new Map([...fields].filter(([name]) => declared.has(name) || !asked.has(name)))
  for (const field of is.fields) {
    const value = child.plain[field.name]
    if (!field.plain && value !== undefined && !kept.has(field.name)) kept.set(field.name, Buffer.from(value))
  }
  return kept
}

function refuseMissing(is: Recipe, names: readonly string[]): void {
  const faults = splitFields(is, names).faults.filter(({ code }) => code === 'MISSING')
  if (faults.length > 0) throw new CodedError('FIELD_REFUSED', undefined, { faults })
}

import { CodedError } from '@credence/errors'
import { CLIENT_ID, CLIENT_SECRET, type Hosts, type Recipe, takesClientSecret } from '@credence/provider'
import { boundHosts, candidateBinding, secretBinding } from './binding.ts'
import type { Child } from './child.ts'
import type { DataKey } from './envelope.ts'
import { sameBytes } from './same-bytes.ts'
import { type SecretFields, unpackFields } from './secret-fields.ts'
import type { VaultContext } from './vault-context.ts'

/** A secret in the open, for one call: the values by field name, plain ones included. Disposing wipes the secret ones. */
export interface OpenSecret extends Disposable {
  readonly fields: SecretFields
  readonly hosts: Hosts
  readonly recipe: Recipe
  readonly plain: Readonly<Record<string, string>>
}

/** Opens the secret in force, and holds its fence against the fence's MAC: a fence that a storage writer made is refused. */
export async function openSecret(vault: VaultContext, child: Child): Promise<OpenSecret> {
  const recipe = await vault.recipes.get(child.recipe)
  if (child.sealed === undefined || child.access === undefined) throw new CodedError('NOT_FOUND')
  const binding = secretBinding(child, recipe)
  using dataKey = await vault.envelope.dataKey(child.sealed, binding)
  checkFence(dataKey, child)
  return opened(await dataKey.open(child.sealed, binding), { plain: child.plain, hosts: binding.filled, recipe })
}

/** What a call is made with that needs no credential: the addresses of its recipe, and nothing else. */
export async function openBare(vault: Pick<VaultContext, 'recipes'>, recipeId: string): Promise<OpenSecret> {
  const recipe = await vault.recipes.get(recipeId)
  return { fields: new Map(), plain: {}, hosts: boundHosts(recipe, {}).filled, recipe, [Symbol.dispose]: () => undefined }
}

/** Opens a candidate, for its probe alone. */
export async function openCandidate(vault: VaultContext, child: Child, candidateId: string): Promise<OpenSecret> {
  const candidate = child.candidate
  if (candidate?.id !== candidateId || candidate.until.getTime() <= vault.clock.now())
    throw new CodedError('NOT_FOUND', 'The candidate is gone: connect again.')
  const recipe = await vault.recipes.get(candidate.recipe)
  const binding = candidateBinding(child, candidate, recipe)
  using dataKey = await vault.envelope.dataKey(candidate.sealed, binding)
  return opened(await dataKey.open(candidate.sealed, binding), { plain: candidate.plain, hosts: binding.filled, recipe })
}

/** The secret in force, or the candidate's, for a call to the API: with the OAuth client's secret where the recipe places it. */
export async function openForCall(vault: VaultContext, child: Child, candidateId = ''): Promise<OpenSecret> {
  const secret = candidateId === '' ? await openSecret(vault, child) : await openCandidate(vault, child, candidateId)
  if (!takesClientSecret(secret.recipe)) return secret
  try {
    const client = await vault.clients.open(secret.recipe.oauth?.clientId ?? '', child.project)
    return {
      ...secret,
      fields: new Map([...secret.fields, [CLIENT_SECRET, client.secret], [CLIENT_ID, Buffer.from(client.oauthClientId)]]),
      plain: { ...secret.plain, [CLIENT_ID]: client.oauthClientId },
      [Symbol.dispose]() {
        client[Symbol.dispose]()
        secret[Symbol.dispose]()
      },
    }
  } catch (error) {
    secret[Symbol.dispose]()
    throw error
  }
}

function checkFence(dataKey: DataKey, child: Child): void {
  const { mac, ...fence } = child.access!
  if (!sameBytes(dataKey.fenceMac({ project: child.project, credential: child.id }, fence), mac)) {
    throw new CodedError('CREDENTIAL_QUARANTINED', 'The stored fence was altered.', { credentialId: child.id })
  }
}

function opened(plaintext: Buffer, facts: { plain: Readonly<Record<string, string>>; hosts: Hosts; recipe: Recipe }): OpenSecret {
  const fields = new Map(unpackFields(plaintext))
  for (const [name, value] of Object.entries(facts.plain)) if (!fields.has(name)) fields.set(name, Buffer.from(value))
  return { fields, ...facts, [Symbol.dispose]: () => void plaintext.fill(0) }
}

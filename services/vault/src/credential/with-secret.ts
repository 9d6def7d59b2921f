import type { Recipe } from '@credence/provider'
import { secretBinding } from './binding.ts'
import type { Candidate, Child } from './child.ts'
import type { FenceFields } from './envelope.ts'
import { type VaultContext, withFacts } from './vault-context.ts'

/** A secret and the fence that it comes into force with. */
export interface NewSecret extends Pick<Candidate, 'id' | 'plain' | 'token' | 'expiresAt' | 'native'> {
  readonly recipe: Recipe
  readonly recipeId: string
  /** Wiped by sealing. */
  readonly plaintext: Buffer
  readonly fence: FenceFields
}

/**
 * The child with another secret in force. Everything that was said of the former one goes: its lease ends, its intent is
 * closed, so that a refresh of it that lands meanwhile finds that it belongs to a replaced secret.
 */
export async function withSecret(vault: VaultContext, child: Child, secret: NewSecret): Promise<Child> {
  const {
    candidate: _candidate,
    lease,
    intent: _intent,
    refreshesTaken: _refreshesTaken,
    prev: _prev,
    token: _token,
    lastRefresh: _last,
    refused: _refused,
    expiresAt: _end,
    grant: _live,
    native: _native,
    ...kept
  } = child
  const { recipe, recipeId, plaintext, fence, plain, token, expiresAt, native } = secret
  const next = {
    ...kept,
    // The term outlives the secret: it must never fall.
    ...(lease === undefined ? {} : { lease: { ...lease, until: 0 } }),
    family: recipe.family,
    version: child.version + 1,
    recipe: recipeId,
    plain,
    promoted: secret.id,
  }
  const binding = secretBinding(next, recipe)
  const { sealed, dataKey } = await vault.envelope.seal(plaintext, binding)
  using key = dataKey
  const replaced: Child = {
    ...next,
    sealed,
    access: { ...fence, mac: key.fenceMac(binding, fence) },
    ...(token === undefined ? {} : { token }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(native === undefined ? {} : { native }),
    ...(token === undefined && expiresAt === undefined ? {} : { grant: 'live' }),
  }
  if (child.version === 0) return replaced
  const data = { version: replaced.version, previous_version: child.version, candidate_id: secret.id }
  return withFacts(vault, replaced, [{ type: 'credential.secret_replaced', data }])
}

import { newId } from '@credence/credential'
import { CodedError, isCoded } from '@credence/errors'
import type { Principal } from '@credence/rpc'
import type { Child } from './child.ts'
import { type FenceFields, sameFence } from './envelope.ts'
import { untilAgedOut } from './read-at.ts'
import { change } from './record-change.ts'
import { type CandidateOrder, checkValues, type SealOrder } from './seal.ts'
import { packFields } from './secret-fields.ts'
import { newerFence } from './set-access.ts'
import type { VaultContext } from './vault-context.ts'
import { withSecret } from './with-secret.ts'

/** A secret that is in force at once, without a candidate and without a probe. */
export interface SealNowOrder extends Omit<SealOrder, 'until' | 'requestId'> {
  readonly fence: FenceFields
  /** Only while this is the version in force; 0: while there is none. */
  readonly expectedVersion?: number | undefined
}

type InForceOrder = CandidateOrder & Pick<SealNowOrder, 'fence' | 'expectedVersion'>

/** What is in force now. `stored` is false when another version was there than the expected one. */
export interface InForce {
  readonly candidateId: string
  readonly stored: boolean
  readonly version: number
  readonly generation: number
  readonly plain: Readonly<Record<string, string>>
}

/**
 * Puts a secret in force with its fence, in one compare-and-set: of many at once exactly one makes the first version, and
 * there is never a moment without a secret. When it resolves no replica starts a use of the former one any more.
 */
export async function sealNow(vault: VaultContext, principal: Principal, order: SealNowOrder): Promise<InForce> {
  try {
    const recipe = await vault.recipes.get(order.recipeId)
    if (recipe.oauth !== undefined) throw new CodedError('INVALID_REQUEST', 'This auth pattern signs in at the provider: begin a grant.')
    checkValues(recipe, order)
    const candidateId = newId('cand', (count) => vault.random.bytes(count))
    const secret = new Map([...order.secret].filter(([, value]) => value.byteLength > 0))
    return await sealInForce(vault, principal, { ...order, secret, recipe, candidateId })
  } finally {
    for (const value of order.secret.values()) value.fill(0)
  }
}

async function sealInForce(vault: VaultContext, principal: Principal, order: InForceOrder): Promise<InForce> {
  const { credentialId: credential } = order
  // A log that refuses must refuse before anything has changed.
  await change(vault, principal, { action: 'seal', credential })
  const { child, stored } = await vault.keys.holding(() => put(vault, principal, order))
  const { version, plain } = child
  const generation = child.access?.generation ?? 0
  if (stored) {
    await change(vault, principal, { action: 'promote', credential, version, generation })
    vault.nudge()
    if (version > 1) await untilAgedOut(vault.clock, vault.fenceMaxAgeMs)
  }
  return { candidateId: child.promoted ?? '', stored, version, generation, plain }
}

async function put(vault: VaultContext, principal: Principal, order: InForceOrder): Promise<{ child: Child; stored: boolean }> {
  const { credentialId: id, recipe, recipeId, plain, expectedVersion } = order
  if ((await vault.children.read(id)) === undefined) {
    const blank: Child = {
      id,
      v: 1,
      project: principal.project,
      family: recipe.family,
      version: 0,
      recipe: recipeId,
      plain,
      outbox: [],
      factSeq: 0,
    }
    try {
      return { child: await vault.children.insert(await replaced(vault, blank, order)), stored: true }
    } catch (error) {
      if (!isCoded(error, 'ALREADY_EXISTS')) throw error
    }
  }
  let stored = false
  const child = await vault.children.change(id, async (found) => {
    if (found.project !== principal.project) throw new CodedError('NOT_FOUND')
    stored = expectedVersion === undefined || expectedVersion === found.version
    return stored ? replaced(vault, found, order) : found
  })
  return { child, stored }
}

async function replaced(vault: VaultContext, child: Child, order: InForceOrder): Promise<Child> {
  const { candidateId, secret, ...facts } = order
  if (child.access?.state === 'disabled') throw new CodedError('CREDENTIAL_DISABLED', undefined, { credentialId: child.id })
  const fence = nextFence(child, order.fence)
  return withSecret(vault, child, { ...facts, id: candidateId, plaintext: packFields(secret), fence })
}

/** Of two that replace the secret in one moment both are taken: their fences say the same, so neither brings back an old one. */
function nextFence(child: Child, fence: FenceFields): FenceFields {
  if (child.access === undefined || fence.generation > child.access.generation) return fence
  const { mac: _mac, ...current } = child.access
  if (!sameFence({ ...current, generation: 0 }, { ...fence, generation: 0 })) throw newerFence(current.generation)
  return { ...fence, generation: current.generation + 1 }
}

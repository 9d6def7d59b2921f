import type { Principal } from '@credence/rpc'
import { untilAgedOut } from '../credential/read-at.ts'
import { change } from '../credential/record-change.ts'
import type { VaultContext } from '../credential/vault-context.ts'
import { type CapabilityDoc, type ConsentDoc, claimId, customerKey, type PassDoc } from './capability.ts'

/** Takes a capability from the registry. When it resolves no new use begins under the former one, at any replica. */
export async function setCapability(
  vault: VaultContext,
  principal: Principal,
  doc: Omit<CapabilityDoc, 'v' | 'project' | 'mac'>,
): Promise<void> {
  const { replaced } = await vault.capabilities.records.set({ ...doc, v: 1, project: principal.project })
  await change(vault, principal, { action: 'access', credential: doc.id, generation: doc.generation })
  if (replaced) await untilAgedOut(vault.clock, vault.fenceMaxAgeMs)
}

/** Takes which credential a customer granted, under each of his names. */
export async function setClaim(
  vault: VaultContext,
  principal: Principal,
  order: {
    readonly capability: string
    readonly names: readonly string[]
    readonly credentialId: string
    readonly generation: number
  },
): Promise<void> {
  const { project } = principal
  const { capability, credentialId, generation } = order
  const replaced = await underEachName(vault, principal, { names: order.names, generation }, (name) => {
    const id = claimId(project, capability, name)
    const doc = { id, v: 1, project, capability, name, credentialId, generation }
    return { id, set: () => vault.capabilities.claims.set(doc) }
  })
  if (replaced) await untilAgedOut(vault.clock, vault.fenceMaxAgeMs)
}

/** Takes or revokes the pass of a customer. What is taken back is in force at no replica when it resolves. */
export async function setPass(
  vault: VaultContext,
  principal: Principal,
  pass: Omit<PassDoc, 'id' | 'v' | 'project' | 'mac' | 'name'> & { readonly names: readonly string[] },
): Promise<void> {
  const { project } = principal
  const { names, ...members } = pass
  const { capability, generation } = pass
  const replaced = await underEachName(vault, principal, { names, generation }, (name) => {
    const id = customerKey('pass', { project, capability, name })
    return { id, set: () => vault.capabilities.passes.set({ ...members, id, v: 1, project, name }) }
  })
  if (replaced && pass.state === 'revoked') await untilAgedOut(vault.clock, vault.fenceMaxAgeMs)
}

/** Takes what a customer consented to, or that he withdrew it. */
export async function setConsent(
  vault: VaultContext,
  principal: Principal,
  consent: Omit<ConsentDoc, 'id' | 'v' | 'project' | 'mac' | 'name'> & { readonly names: readonly string[] },
): Promise<void> {
  const { project } = principal
  const { names, ...members } = consent
  const { capability, generation } = consent
  const replaced = await underEachName(vault, principal, { names, generation }, (name) => {
    const id = customerKey('consent', { project, capability, name })
    return { id, set: () => vault.capabilities.consents.set({ ...members, id, v: 1, project, name }) }
  })
  if (replaced) await untilAgedOut(vault.clock, vault.fenceMaxAgeMs)
}

interface Named {
  readonly id: string
  readonly set: () => Promise<{ readonly replaced: boolean }>
}

/** Whether any of them replaced one that may still be in use elsewhere. */
async function underEachName(
  vault: VaultContext,
  principal: Principal,
  { names, generation }: { readonly names: readonly string[]; readonly generation: number },
  docOf: (name: string) => Named,
): Promise<boolean> {
  const written = await Promise.all(
    names.map(async (name) => {
      const { id, set } = docOf(name)
      const { replaced } = await set()
      await change(vault, principal, { action: 'access', credential: id, generation })
      return replaced
    }),
  )
  return written.includes(true)
}

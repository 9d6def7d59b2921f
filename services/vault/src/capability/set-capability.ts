import type { Principal } from '@credence/rpc'
import { untilAgedOut } from '../credential/read-at.ts'
import { change } from '../credential/record-change.ts'
import type { VaultContext } from '../credential/vault-context.ts'
import { type CapabilityDoc, claimId } from './capability.ts'

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
  const written = await Promise.all(
    order.names.map(async (name) => {
      const id = claimId(project, capability, name)
      const { replaced } = await vault.capabilities.claims.set({ id, v: 1, project, capability, name, credentialId, generation })
      await change(vault, principal, { action: 'access', credential: id, generation })
      return replaced
    }),
  )
  if (written.includes(true)) await untilAgedOut(vault.clock, vault.fenceMaxAgeMs)
}

import { isCoded } from '@credence/errors'
import type { Principal } from '@credence/rpc'
import type { UserRef } from '../credential/parent.ts'
import { change } from '../documents/change.ts'
import { findAll } from '../documents/scan.ts'
import type { Registry } from '../registry.ts'
import { notHeldYet } from '../vault/not-held-yet.ts'
import type { ConsentDoc } from './consent.ts'

/** Tells the vault, and marks that it holds. */
export async function pushConsent(registry: Registry, consent: ConsentDoc, by: Principal): Promise<void> {
  const { capability: capabilityId, user, names, state, generation, entries } = consent
  const { purpose = '', scopes = [] } = entries[0] ?? {}
  try {
    await registry.vault.setConsent(by, { capabilityId, names: [user, ...names], state, purpose, scopes: [...scopes], generation })
  } catch (error) {
    // The vault holds a newer one, whose pusher marks it.
    if (isCoded(error, 'CONFLICT')) return
    throw notHeldYet(error)
  }
  await change(registry.docs.consents, consent.id, (doc) =>
    doc.generation === generation && doc.pendingSince !== undefined ? { ...doc, pendingSince: undefined } : undefined,
  )
}

/** Writes names that a user got later into his consents: the vault finds them by name. */
export async function renameConsents(registry: Registry, user: UserRef, by: (project: string) => Principal): Promise<void> {
  for (const consent of await findAll(registry.docs.consents, 'user', [user.id])) {
    const renamed = await change(registry.docs.consents, consent.id, (doc) => {
      const names = [...new Set([...doc.names, ...user.names])]
      if (names.length === doc.names.length) return undefined
      return { ...doc, names, generation: doc.generation + 1, pendingSince: doc.pendingSince ?? registry.now() }
    })
    if (renamed?.pendingSince !== undefined) await pushConsent(registry, renamed, by(renamed.project))
  }
}

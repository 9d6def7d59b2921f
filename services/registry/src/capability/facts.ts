import type { NewFact } from '@credence/events'
import type { CapabilityDoc } from './capability.ts'

type Told = 'capability.created' | 'capability.updated' | 'capability.deleted'

/** `kind`: the mode. */
export function capabilityFact(type: Told, doc: CapabilityDoc, actor: string): NewFact {
  const credential_id = doc.credentialId === '' ? undefined : doc.credentialId
  const { generation, mode, security, provider } = doc
  return { type, data: { actor, provider_id: provider.id, credential_id, kind: mode, level: security.level, generation } }
}

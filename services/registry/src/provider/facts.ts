import type { NewFact } from '@credence/events'

export function providerCreated(actor: string, version: number): NewFact {
  return { type: 'provider.created', data: { actor, version } }
}

export function providerUpdated(actor: string, version: number): NewFact {
  return { type: 'provider.updated', data: { actor, version, previous_version: version - 1 } }
}

export function providerDeleted(actor: string, version: number): NewFact {
  return { type: 'provider.deleted', data: { actor, version } }
}

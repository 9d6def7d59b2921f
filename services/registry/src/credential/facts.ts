import type { NewFact } from '@credence/events'
import type { ConsumerDoc } from './consumer.ts'
import type { Parent, Promoting } from './parent.ts'

/** The facts about credentials and their consumers, each made in one place. Generations are those after the change. */

const nextGeneration = (doc: Parent): number => doc.access.generation + 1

/** Who put a secret in force, and of which provider version it is. */
type ConnectedBy = Pick<Promoting, 'actor' | 'sessionId' | 'candidateId' | 'account' | 'family' | 'provider'>

/** The first secret is in force. */
export function credentialCreated(doc: Parent, by: ConnectedBy, version: number): NewFact {
  const { provider, family } = by
  const data = { provider_id: provider.id, provider_version: provider.version, family, level: doc.level, owner: doc.owner.id }
  return { type: 'credential.created', data: { actor: by.actor, session_id: by.sessionId, version, ...data } }
}

/** A first or a new secret is in force. */
export function credentialConnected(doc: Parent, by: ConnectedBy, version: number): NewFact {
  const accountChanged = doc.account.id !== '' && by.account.id !== '' && doc.account.id !== by.account.id
  return {
    type: 'credential.connected',
    data: {
      actor: by.actor,
      provider_id: by.provider.id,
      version,
      session_id: by.sessionId,
      candidate_id: by.candidateId,
      account_changed: accountChanged,
    },
  }
}

export function credentialEnabled(doc: Parent, actor: string): NewFact {
  return { type: 'credential.enabled', data: { actor, version: doc.version, generation: nextGeneration(doc) } }
}

export function credentialDisabled(doc: Parent, by: { actor: string; reason: string }): NewFact {
  return { type: 'credential.disabled', data: { ...by, version: doc.version, generation: nextGeneration(doc) } }
}

/** `grantee`: `project` or `usr_…`; `level`: `use` or `manage`. */
export function credentialShared(doc: Parent, by: { actor: string; grantee: string; level: string }): NewFact {
  return { type: 'credential.shared', data: { ...by, generation: nextGeneration(doc) } }
}

export function credentialUnshared(doc: Parent, by: { actor: string; grantee: string; level: string }): NewFact {
  return { type: 'credential.unshared', data: { ...by, generation: nextGeneration(doc) } }
}

export function credentialOwnerChanged(doc: Parent, by: { actor: string; owner: string }): NewFact {
  return {
    type: 'credential.owner_changed',
    data: { ...by, previous_owner: doc.owner.id, generation: nextGeneration(doc) },
  }
}

/** `outcome`: what became of the grant at the provider. */
export function credentialDeleted(doc: Parent, by: { actor: string; outcome: string; consumers: number }): NewFact {
  return { type: 'credential.deleted', data: { ...by, version: doc.version } }
}

export function consumerBound(doc: ConsumerDoc, actor: string): NewFact {
  return { type: 'consumer.bound', data: { actor, credential_id: doc.credentialId, kind: doc.kind } }
}

export function consumerUnbound(doc: ConsumerDoc, actor: string): NewFact {
  return { type: 'consumer.unbound', data: { actor, credential_id: doc.credentialId, kind: doc.kind } }
}

/** Its credential is gone: it has to be given another one. */
export function consumerOrphaned(doc: ConsumerDoc, actor: string): NewFact {
  return {
    type: 'consumer.orphaned',
    data: { actor, credential_id: doc.credentialId, kind: doc.kind, reason: 'credential_deleted' },
  }
}

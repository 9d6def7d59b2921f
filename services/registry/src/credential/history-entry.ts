import type { Doc } from '@credence/store'
import { type Actor, actorName } from '../caller/actor.ts'
import { freshId } from '../documents/with-facts.ts'
import type { Registry } from '../registry.ts'
import type { Parent } from './parent.ts'

/** A change of a credential, or a connect that ended here (`registry_history`); uses are in the vault's audit. */
export interface HistoryDoc extends Doc {
  readonly project: string
  readonly credentialId: string
  readonly at: Date
  readonly action: 'connect' | 'change'
  /** `key_…`, `usr_…` or `service:<name>`. */
  readonly actor: string
  readonly user: string
  /** `ok`, an error code, or for a change what was done: `disabled`, `shared`, … */
  readonly outcome: string
}

/** Writes an entry. It stands beside the change, not in it: a crash between the two loses the entry and nothing else. */
export async function record(registry: Registry, doc: Parent, by: Actor, entry: Pick<HistoryDoc, 'action' | 'outcome'>): Promise<void> {
  await registry.docs.history.insert({
    id: freshId(registry, 'evt'),
    v: 1,
    project: doc.project,
    credentialId: doc.id,
    at: registry.now(),
    actor: actorName(by),
    user: by.user?.id ?? '',
    ...entry,
  })
}

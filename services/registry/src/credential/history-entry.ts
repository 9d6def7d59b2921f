import { type Actor, actorName } from '../caller/actor.ts'
import type { CapabilityDoc } from '../capability/capability.ts'
import { freshId } from '../documents/with-facts.ts'
import type { Registry } from '../registry.ts'
import type { HistoryDoc } from './history-doc.ts'
import type { Parent } from './parent.ts'

/** Writes an entry. It stands beside the change, not in it: a crash between the two loses the entry and nothing else. */
export async function record(registry: Registry, doc: Parent, by: Actor, entry: Pick<HistoryDoc, 'action' | 'outcome'>): Promise<void> {
  const capabilities = doc.capabilities?.map(({ id }) => id) ?? []
  await insert(registry, by, { ...entry, project: doc.project, credentialId: doc.id, capabilities, user: by.user?.id ?? '' })
}

/** The same for a capability that was made or changed. */
export async function recordCapability(registry: Registry, { id, project }: CapabilityDoc, by: Actor, outcome: string): Promise<void> {
  const about = { project, credentialId: '', capabilities: [id], user: by.user?.id ?? '' }
  await insert(registry, by, { ...about, action: 'change', outcome })
}

/** The same for a connect that the gateway saw end. */
export async function recordConnect(
  registry: Registry,
  by: Actor,
  connect: Pick<HistoryDoc, 'credentialId' | 'user' | 'outcome'> & { readonly capabilities: readonly string[] },
): Promise<void> {
  await insert(registry, by, { ...connect, action: 'connect', project: by.project })
}

/** The same for what a customer showed or consented to. */
export async function recordCustomer(
  registry: Registry,
  by: Actor,
  {
    capability,
    ...entry
  }: Pick<HistoryDoc, 'user' | 'outcome'> & {
    readonly capability: { readonly id: string; readonly project: string }
    readonly action: 'identity' | 'consent'
  },
): Promise<void> {
  await insert(registry, by, { ...entry, project: capability.project, credentialId: '', capabilities: [capability.id] })
}

type Entry = Omit<HistoryDoc, 'id' | 'v' | 'at' | 'actor'> & { readonly capabilities: readonly string[] }

async function insert(registry: Registry, by: Actor, { capabilities, ...entry }: Entry): Promise<void> {
  const named = capabilities.length === 0 ? {} : { capabilities }
  const doc = { id: freshId(registry, 'evt'), v: 1, at: registry.now(), actor: actorName(by), ...entry, ...named }
  await registry.docs.history.insert(doc)
}

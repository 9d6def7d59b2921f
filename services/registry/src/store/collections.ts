import { type HasOutbox, OUTBOX_INDEX } from '@credence/events'
import type { Collection, CollectionSpec, Doc, DocumentStore } from '@credence/store'
import type { NameClaim, UserDoc } from '../caller/user.ts'
import type { CapabilityDoc } from '../capability/capability.ts'
import type { CustomerClaim } from '../capability/customer-claim-doc.ts'
import type { ChannelClaim } from '../channel/channel-claim-doc.ts'
import type { ConsentDoc } from '../consent/consent.ts'
import type { ConsumerDoc } from '../credential/consumer.ts'
import type { HistoryDoc } from '../credential/history-doc.ts'
import type { Parent } from '../credential/parent.ts'
import type { RequestClaim } from '../documents/request-doc.ts'
import type { KeyDoc } from '../key/key.ts'
import type { SlotDoc } from '../mint/slot-doc.ts'
import type { Installation, ProjectDoc } from '../project/project.ts'
import type { ClientDoc, ProviderDoc, ProviderVersionDoc } from '../provider/provider.ts'
import type { SetupDoc } from '../setup/setup.ts'

/** Everything that the registry stores. */
export interface Collections {
  readonly credentials: Collection<Parent>
  readonly consumers: Collection<ConsumerDoc>
  readonly channels: Collection<ChannelClaim>
  readonly history: Collection<HistoryDoc>
  readonly users: Collection<UserDoc>
  readonly userNames: Collection<NameClaim>
  readonly keys: Collection<KeyDoc>
  readonly providers: Collection<ProviderDoc>
  readonly providerVersions: Collection<ProviderVersionDoc>
  readonly clients: Collection<ClientDoc>
  readonly slots: Collection<SlotDoc>
  readonly capabilities: Collection<CapabilityDoc>
  readonly claims: Collection<CustomerClaim>
  readonly setups: Collection<SetupDoc>
  readonly consents: Collection<ConsentDoc>
  readonly projects: Collection<ProjectDoc>
  readonly requests: Collection<RequestClaim>
  readonly installation: Collection<Installation>
}

const INDEXES = {
  credentials: {
    visible: ['visibleTo', 'createdAt'],
    visible_there: ['visibleTo', 'usesProvider', 'createdAt'],
    provider: ['usesProvider', 'provider.version'],
    account: ['usesProvider', 'account.id'],
    pending: ['access.pendingSince'],
    promoting: ['promoting.since'],
    destroying: ['destroying.since'],
    hidden: ['hiddenSince'],
    used_by: ['usedBy', 'createdAt'],
  },
  consumers: { bound: ['boundTo', 'boundAt'], freeing: ['freeingSince'] },
  channels: { taking: ['takingSince'] },
  history: { credential: ['credentialId', 'at'], capability: ['capabilities', 'at'] },
  users: { spreading: ['spreadSince'] },
  user_names: {},
  keys: { project: ['project', 'createdAt'], hash: ['hashes'], pending: ['pendingSince'] },
  providers: { project: ['listedIn', 'createdAt'], name: ['listedIn', 'foldedName'], moving: ['movingSince'] },
  provider_versions: {},
  clients: {},
  slots: {},
  capabilities: {
    project: ['listedIn', 'createdAt'],
    provider: ['usesProvider', 'createdAt'],
    credential: ['usesCredential', 'createdAt'],
    pending: ['pendingSince'],
  },
  capability_claims: { user: ['user', 'at'], pending: ['pendingSince'] },
  setups: {
    visible: ['visibleTo', 'createdAt'],
    project: ['project', 'createdAt'],
    batch: ['batch', 'createdAt'],
    research: ['researchDueAt'],
    session: ['sessionId'],
    verifying: ['verifyingSince'],
  },
  consents: { project: ['project', 'createdAt'], user: ['user', 'createdAt'], pending: ['pendingSince'] },
  projects: { created: ['createdAt'] },
  requests: { expiry: ['expiresAt'] },
  installation: {},
} as const satisfies Record<string, Record<string, readonly string[]>>

/** Whose documents tell facts. */
const SOURCES: readonly string[] = ['credentials', 'consumers', 'providers', 'capabilities', 'consents', 'setups'] satisfies Name[]

type Name = keyof typeof INDEXES

export const COLLECTIONS: readonly CollectionSpec[] = Object.keys(INDEXES).map((name) => specOf(name as Name))

export async function openCollections(store: DocumentStore): Promise<Collections> {
  const open = <D extends Doc>(name: Name): Promise<Collection<D>> => store.collection<D>(specOf(name))
  const openSource = <D extends HasOutbox>(name: Name): Promise<Collection<D>> => store.collection<D>(specOf(name))
  return {
    credentials: await openSource('credentials'),
    consumers: await openSource('consumers'),
    channels: await open('channels'),
    history: await open('history'),
    users: await open('users'),
    userNames: await open('user_names'),
    keys: await open('keys'),
    providers: await openSource('providers'),
    providerVersions: await open('provider_versions'),
    clients: await open('clients'),
    slots: await open('slots'),
    capabilities: await openSource('capabilities'),
    claims: await open('capability_claims'),
    setups: await openSource('setups'),
    consents: await openSource('consents'),
    projects: await open('projects'),
    requests: await open('requests'),
    installation: await open('installation'),
  }
}

function specOf(name: Name): CollectionSpec {
  const indexes = Object.entries(INDEXES[name]).map(([index, members]) => ({ name: index, members }))
  return { name: `registry_${name}`, indexes: SOURCES.includes(name) ? [...indexes, OUTBOX_INDEX] : indexes }
}

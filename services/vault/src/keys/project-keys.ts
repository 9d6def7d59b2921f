import { createSecretKey, type KeyObject } from 'node:crypto'
import { CodedError, isCoded } from '@credence/errors'
import type { Clock, Random } from '@credence/service'
import type { Collection, CollectionSpec, Doc, DocumentStore, Stored } from '@credence/store'
import { ageMs, type ReadAt, readAtNow } from '../credential/read-at.ts'
import type { KeyProvider } from './key-provider.ts'

/** A project key as stored: wrapped by the root key, never as it is. Id: `<project>:<number>`, counting up. */
interface ProjectKeyDoc extends Doc {
  readonly project: string
  readonly number: number
  readonly wrapped: Uint8Array
  readonly createdAt: Date
}

/** Names the root key that this store was written with. */
interface InstallationDoc extends Doc {
  readonly rootKeyId: string
}

/** A project key in use. `id` stands beside everything that was wrapped with it. */
export interface ProjectKey {
  readonly id: string
  readonly key: KeyObject
}

export interface ProjectKeys {
  /** The newest key of a project, made at the first call. */
  current(project: string): Promise<ProjectKey>
  /** The oldest key of a project, made at the first call: for keys derived once and for ever. Never retire it. */
  first(project: string): Promise<ProjectKey>
  /** The key with this id. Throws KEY_MISMATCH when it was retired. */
  byId(id: string): Promise<ProjectKey>
  /** Makes a newer key, which `current` answers from now on; on other replicas a few seconds later. */
  rotate(project: string): Promise<ProjectKey>
  /** Destroys every key of the project but the newest. */
  retire(project: string): Promise<void>
  /** Runs what seals and then stores: until it ends, its key counts as held. */
  holding<T>(work: () => Promise<T>): Promise<T>
  /** Resolves when everything that may hold a former key has stored what it sealed, or failed; with other replicas after 65 s. */
  settled(): Promise<void>
}

/** How long a replica seals under a key that another one has rotated. */
const NEWEST_MAX_AGE_MS = 5_000
/** Whatever seals has stored what it sealed by then, or failed: no call of the store takes so long. */
const LONGEST_HOLD_MS = 60_000

/** The project under which the vault keeps keys of its own: for the audit chain, caller records and the spill. */
export const INSTALLATION = 'installation'

export const KEY_COLLECTION: CollectionSpec = {
  name: 'vault_project_keys',
  indexes: [{ name: 'by_project', members: ['project', 'number'] }],
}

/**
 * Opens the project keys. Throws KEY_MISMATCH, naming both keys, when the store was written with another root key.
 * Unwrapped keys stay in memory, so a day without the root key's source is no outage.
 */
export async function openProjectKeys(options: {
  store: DocumentStore
  root: KeyProvider
  clock: Clock
  random: Random
  /** Other replicas make and rotate keys too. */
  isReplicated: boolean
}): Promise<ProjectKeys> {
  const { store, root, clock, random, isReplicated } = options
  await checkRootKey(store, root)
  const keys = await store.collection<ProjectKeyDoc>(KEY_COLLECTION)
  const opened = new Map<string, ProjectKey>()
  const newest = new Map<string, { readonly key: ProjectKey; readonly readAt: ReadAt }>()
  const holders = new Set<Promise<unknown>>()

  async function open(doc: Stored<ProjectKeyDoc>): Promise<ProjectKey> {
    const known = opened.get(doc.id)
    if (known !== undefined) return known
    const bytes = await root.unwrap(doc.wrapped, doc.id)
    const projectKey = { id: doc.id, key: createSecretKey(bytes) }
    bytes.fill(0)
    opened.set(doc.id, projectKey)
    return projectKey
  }
  async function latest(project: string): Promise<Stored<ProjectKeyDoc> | undefined> {
    return (await keys.find('by_project', { prefix: [project], reverse: true, limit: 1 })).docs[0]
  }
  async function make(project: string, number: number): Promise<ProjectKey> {
    const bytes = random.bytes(32)
    const id = `${project}:${number}`
    const doc = { id, v: 1, project, number, wrapped: await root.wrap(bytes, id), createdAt: new Date(clock.now()) }
    bytes.fill(0)
    try {
      return await open(await keys.insert(doc))
    } catch (error) {
      if (!isCoded(error, 'ALREADY_EXISTS')) throw error
      return open(await need(keys, id))
    }
  }
  async function current(project: string): Promise<ProjectKey> {
    const known = newest.get(project)
    if (known !== undefined && (!isReplicated || ageMs(clock, known.readAt) <= NEWEST_MAX_AGE_MS)) return known.key
    const readAt = readAtNow(clock)
    const doc = await latest(project)
    const key = doc === undefined ? await make(project, 1) : await open(doc)
    newest.set(project, { key, readAt })
    return key
  }
  return {
    current,
    async first(project) {
      const doc = await keys.get(`${project}:1`)
      return doc === undefined ? make(project, 1) : open(doc)
    },
    byId: async (id) => opened.get(id) ?? open(await need(keys, id)),
    async rotate(project) {
      const key = await make(project, ((await latest(project))?.number ?? 0) + 1)
      newest.set(project, { key, readAt: readAtNow(clock) })
      return key
    },
    async retire(project) {
      const all = await keys.find('by_project', { prefix: [project], reverse: true, limit: 500 })
      for (const former of all.docs.slice(1)) {
        await keys.remove(former.id, former.rev)
        opened.delete(former.id)
      }
    },
    async holding(work) {
      const holder = work()
      holders.add(holder)
      return holder.finally(() => holders.delete(holder))
    },
    async settled() {
      // The others begin to seal under the new key when theirs has aged out, and then store what they hold.
      if (isReplicated) await clock.sleep(NEWEST_MAX_AGE_MS + LONGEST_HOLD_MS)
      await Promise.allSettled(holders)
    },
  }
}

async function need(keys: Collection<ProjectKeyDoc>, id: string): Promise<Stored<ProjectKeyDoc>> {
  const doc = await keys.get(id)
  if (doc === undefined) throw new CodedError('KEY_MISMATCH', `The project key ${id} was retired: what was written with it is lost.`)
  return doc
}

export const INSTALLATION_COLLECTION: CollectionSpec = { name: 'vault_installation', indexes: [] }

function installation(store: DocumentStore): Promise<Collection<InstallationDoc>> {
  return store.collection<InstallationDoc>(INSTALLATION_COLLECTION)
}

const ROOT_KEY = 'root-key'
/** The document that says which root key the store was written with, as `rootKeyId`. */
export const ROOT_KEY_PLACE: { readonly collection: string; readonly id: string } = {
  collection: INSTALLATION_COLLECTION.name,
  id: ROOT_KEY,
}

/** The id of the root key that the store was written with; undefined for a new one. */
export async function writtenWith(store: DocumentStore): Promise<string | undefined> {
  return (await (await installation(store)).get(ROOT_KEY))?.rootKeyId
}

async function checkRootKey(store: DocumentStore, root: KeyProvider): Promise<void> {
  const docs = await installation(store)
  // Several replicas may start at once, and the first one decides.
  await docs.insert({ id: ROOT_KEY, v: 1, rootKeyId: root.keyId }).catch((error: unknown) => {
    if (!isCoded(error, 'ALREADY_EXISTS')) throw error
  })
  const written = await writtenWith(store)
  if (written !== root.keyId) {
    throw new CodedError(
      'KEY_MISMATCH',
      `This data was written with key ${written}, you gave ${root.keyId}. Start with the key file of this installation.`,
    )
  }
}

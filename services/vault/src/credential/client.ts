import { CodedError, isCoded } from '@credence/errors'
import { secretConcat } from '@credence/secret'
import type { CollectionSpec, Doc, DocumentStore, Stored } from '@credence/store'
import type { ProjectKeys } from '../keys/project-keys.ts'
import type { Sealed } from './child.ts'
import type { Binding, Envelope } from './envelope.ts'

/** The secret of an OAuth client, sealed like a credential's. */
interface ClientDoc extends Doc {
  readonly project: string
  readonly oauthClientId: string
  /** Counts registrations: a refusal after a change is the configuration's fault, not the grant's. */
  readonly generation: number
  readonly sealed: Sealed
}

/** An OAuth client with its secret opened, to be wiped after the call. */
export interface OpenClient extends Disposable {
  readonly oauthClientId: string
  readonly secret: Buffer
  readonly generation: number
}

interface Registration {
  readonly id: string
  readonly project: string
  readonly oauthClientId: string
  readonly secret: Buffer
}

export interface Clients {
  /** Seals and wipes the secret. Answers the new generation. NOT_FOUND for the client of another project. */
  register(registration: Registration): Promise<number>
  /** Throws CLIENT_MISSING. */
  open(id: string, project: string): Promise<OpenClient>
  /** The identifier that the provider gave, which is no secret (RFC 6749 §2.2). Throws CLIENT_MISSING. */
  oauthClientId(id: string, project: string): Promise<string>
  generation(id: string): Promise<number>
  /** Wraps the keys of a project's clients anew. */
  rewrap(project: string): Promise<void>
}

export const CLIENT_COLLECTION: CollectionSpec = { name: 'vault_clients', indexes: [{ name: 'by_project', members: ['project'] }] }

export async function openClients(store: DocumentStore, envelope: Envelope, keys: ProjectKeys): Promise<Clients> {
  const clients = await store.collection<ClientDoc>(CLIENT_COLLECTION)
  const bindingOf = (id: string, project: string, generation: number): Binding => ({
    project,
    credential: id,
    version: generation,
    kind: 'client',
    recipe: '',
    hosts: '',
  })
  async function find(id: string, project: string): Promise<Stored<ClientDoc>> {
    const doc = await clients.get(id, { fresh: true })
    if (doc === undefined || doc.project !== project) throw new CodedError('CLIENT_MISSING')
    return doc
  }
  async function register({ id, project, oauthClientId, secret }: Registration): Promise<number> {
    try {
      for (;;) {
        const before = await clients.get(id, { fresh: true })
        if (before !== undefined && before.project !== project) throw new CodedError('NOT_FOUND')
        const generation = (before?.generation ?? 0) + 1
        const { sealed, dataKey } = await envelope.seal(secretConcat([secret]), bindingOf(id, project, generation))
        dataKey[Symbol.dispose]()
        const doc: ClientDoc = { id, v: 1, project, oauthClientId, generation, sealed }
        try {
          await (before === undefined ? clients.insert(doc) : clients.replace(doc, before.rev))
          return generation
        } catch (error) {
          if (!isCoded(error, 'CONFLICT') && !isCoded(error, 'ALREADY_EXISTS')) throw error
        }
      }
    } finally {
      secret.fill(0)
    }
  }
  return {
    register: (registration) => keys.holding(() => register(registration)),
    oauthClientId: async (id, project) => (await find(id, project)).oauthClientId,
    async open(id, project) {
      const doc = await find(id, project)
      const binding = bindingOf(id, project, doc.generation)
      using dataKey = await envelope.dataKey(doc.sealed, binding)
      const secret = await dataKey.open(doc.sealed, binding)
      return { oauthClientId: doc.oauthClientId, secret, generation: doc.generation, [Symbol.dispose]: () => void secret.fill(0) }
    },
    generation: async (id) => (await clients.get(id))?.generation ?? 0,
    async rewrap(project) {
      for (let after: string | undefined; ; ) {
        const page = await clients.find('by_project', { prefix: [project], limit: 100, ...(after === undefined ? {} : { after }) })
        for (const { rev, ...doc } of page.docs) {
          const sealed = await envelope.rewrap(doc.sealed, { project, credential: doc.id })
          if (sealed === doc.sealed) continue
          // A registration that was faster has sealed under the newest key already.
          await clients.replace({ ...doc, sealed }, rev).catch((error: unknown) => {
            if (!isCoded(error, 'CONFLICT')) throw error
          })
        }
        if (page.next === undefined) return
        after = page.next
      }
    },
  }
}

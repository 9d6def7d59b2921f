import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { isCoded } from '@credence/errors'
import type { Clock, Random } from '@credence/service'
import type { Collection, CollectionSpec, Doc, DocumentStore, Stored } from '@credence/store'
import type { Sealed } from '../credential/child.ts'
import type { Binding, Envelope } from '../credential/envelope.ts'
import type { ProjectKeys } from '../keys/project-keys.ts'

/** What a key signs, and nothing else: a token made for one purpose is a stranger to the verifiers of another. */
export const SIGNING_PURPOSES = ['widget', 'proxy'] as const
export type SigningPurpose = (typeof SIGNING_PURPOSES)[number]

/**
 * An Ed25519 key of one project and purpose (`vault_signing_keys`), id `<project>:<purpose>:<number>`. Only its seed is kept,
 * sealed like a credential's secret: the public key is always made from what opened, so that whoever writes to the store
 * cannot have a key of his own published.
 */
interface SigningKeyDoc extends Doc {
  readonly project: string
  readonly purpose: SigningPurpose
  readonly number: number
  readonly sealed: Sealed
  readonly createdAt: Date
}

/** The half that everybody may know. */
export interface PublicSigningKey {
  /** RFC 7638 thumbprint: it names the key and can be checked against it. */
  readonly kid: string
  /** Raw, 32 bytes (RFC 8032 §5.1.5). */
  readonly publicKey: Buffer
  readonly project: string
  readonly createdAt: Date
}

export interface SigningKeys {
  /** Signs under the newest key, which is made at the first call. `input` may depend on the key's id. */
  sign<T extends string | Uint8Array>(
    project: string,
    purpose: SigningPurpose,
    inputFor: (kid: string) => T,
  ): Promise<{ input: T; signature: Buffer }>
  /** The keys of a purpose under which something valid may have been signed, of one project or of all, oldest first. */
  list(purpose: SigningPurpose, project?: string): Promise<PublicSigningKey[]>
  /** Gives every key of the project a successor, which signs from now on. */
  rotate(project: string): Promise<void>
  /** Wraps the keys of a project anew. */
  rewrap(project: string): Promise<void>
}

/** A former key is published until everything that it signed has ended: an hour, and what clocks may differ by. */
const PUBLISHED_AFTER_MS = 65 * 60_000
const SEED_BYTES = 32
const PAGE = 200
/** What stands before the seed in a private key (RFC 8410 §7), and before the point in a public one (§4). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex')
const SPKI_BYTES = 12

export const SIGNING_KEY_COLLECTION: CollectionSpec = {
  name: 'vault_signing_keys',
  indexes: [
    { name: 'by_project', members: ['project', 'purpose', 'number'] },
    { name: 'by_purpose', members: ['purpose', 'project', 'number'] },
  ],
}

interface SigningParts {
  readonly store: DocumentStore
  readonly envelope: Envelope
  readonly keys: ProjectKeys
  readonly clock: Clock
  readonly random: Random
}

export async function openSigningKeys(parts: SigningParts): Promise<SigningKeys> {
  const { envelope, keys, clock, random } = parts
  const docs = await parts.store.collection<SigningKeyDoc>(SIGNING_KEY_COLLECTION)
  const known = new Map<string, PublicSigningKey>()

  async function newest(project: string, purpose: SigningPurpose): Promise<Stored<SigningKeyDoc> | undefined> {
    return (await docs.find('by_project', { prefix: [project, purpose], reverse: true, limit: 1 })).docs[0]
  }
  const make = (project: string, purpose: SigningPurpose, number: number): Promise<Stored<SigningKeyDoc>> =>
    keys.holding(async () => {
      const id = `${project}:${purpose}:${number}`
      const chance = random.bytes(SEED_BYTES)
      // Not a copy: the bytes that chance gave would stay behind.
      const seed = Buffer.from(chance.buffer, chance.byteOffset, chance.byteLength)
      const { sealed, dataKey } = await envelope.seal(seed, bindingOf({ id, project, purpose, number }))
      dataKey[Symbol.dispose]()
      const doc: SigningKeyDoc = { id, v: 1, project, purpose, number, sealed, createdAt: new Date(clock.now()) }
      return docs.insert(doc).catch(async (error: unknown) => {
        const first = isCoded(error, 'ALREADY_EXISTS') ? await docs.get(id, { fresh: true }) : undefined
        if (first === undefined) throw error
        return first
      })
    })
  async function opened<T>(doc: SigningKeyDoc, use: (key: KeyObject, half: PublicSigningKey) => T): Promise<T> {
    const binding = bindingOf(doc)
    using dataKey = await envelope.dataKey(doc.sealed, binding)
    const seed = await dataKey.open(doc.sealed, binding)
    const der = Buffer.concat([PKCS8_HEAD, seed])
    seed.fill(0)
    try {
      const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
      const half = halfOf(doc, key)
      known.set(doc.id, half)
      return use(key, half)
    } finally {
      der.fill(0)
    }
  }
  return {
    async sign(project, purpose, inputFor) {
      const doc = (await newest(project, purpose)) ?? (await make(project, purpose, 1))
      return opened(doc, (key, { kid }) => {
        const input = inputFor(kid)
        return { input, signature: sign(null, typeof input === 'string' ? Buffer.from(input) : input, key) }
      })
    },
    async list(purpose, project) {
      const found = await all(docs, 'by_purpose', project === undefined ? [purpose] : [purpose, project])
      const live = found.filter((doc, i) => isPublished(doc, found[i + 1], clock.now()))
      const halves = await Promise.all(live.map((doc) => known.get(doc.id) ?? opened(doc, (_key, half) => half).catch(ifUnreadable)))
      return halves.filter((half) => half !== undefined)
    },
    async rotate(project) {
      for (const purpose of SIGNING_PURPOSES) {
        const last = await newest(project, purpose)
        if (last !== undefined) await make(project, purpose, last.number + 1)
      }
    },
    rewrap: (project) => rewrapAll({ docs, envelope, now: clock.now() }, project),
  }
}

async function rewrapAll(
  { docs, envelope, now }: { docs: Collection<SigningKeyDoc>; envelope: Envelope; now: number },
  project: string,
): Promise<void> {
  const found = await all(docs, 'by_project', [project])
  for (const [i, { rev, ...doc }] of found.entries()) {
    if (!isPublished(doc, found[i + 1], now)) {
      await docs.remove(doc.id, rev).catch(ignoreConflict)
      continue
    }
    const sealed = await envelope.rewrap(doc.sealed, { project, credential: doc.id })
    if (sealed !== doc.sealed) await docs.replace({ ...doc, sealed }, rev).catch(ignoreConflict)
  }
}

/** A row that does not open was altered or lost: the others go on, and a rotation gives it a successor. */
function ifUnreadable(error: unknown): undefined {
  if (!isCoded(error, 'CREDENTIAL_QUARANTINED') && !isCoded(error, 'KEY_MISMATCH')) throw error
}

/** Another rotation was faster. */
function ignoreConflict(error: unknown): void {
  if (!isCoded(error, 'CONFLICT') && !isCoded(error, 'NOT_FOUND')) throw error
}

function isPublished(doc: SigningKeyDoc, next: SigningKeyDoc | undefined, now: number): boolean {
  const isFormer = next !== undefined && next.project === doc.project && next.purpose === doc.purpose
  return !isFormer || next.createdAt.getTime() + PUBLISHED_AFTER_MS > now
}

async function all(docs: Collection<SigningKeyDoc>, index: string, prefix: readonly string[]): Promise<Stored<SigningKeyDoc>[]> {
  const found: Stored<SigningKeyDoc>[] = []
  for (let after: string | undefined; ; ) {
    const page = await docs.find(index, { prefix, limit: PAGE, ...(after === undefined ? {} : { after }) })
    found.push(...page.docs)
    if (page.next === undefined) return found
    after = page.next
  }
}

function bindingOf({ id, project, purpose, number }: Pick<SigningKeyDoc, 'id' | 'project' | 'purpose' | 'number'>): Binding {
  return { project, credential: id, version: number, kind: `signing:${purpose}`, recipe: '', hosts: '' }
}

function halfOf({ project, createdAt }: SigningKeyDoc, key: KeyObject): PublicSigningKey {
  const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(SPKI_BYTES)
  // Members in the order that RFC 7638 §3.2 and RFC 8037 §2 give.
  const jwk = JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x: publicKey.toString('base64url') })
  return { kid: createHash('sha256').update(jwk).digest('base64url'), publicKey, project, createdAt }
}

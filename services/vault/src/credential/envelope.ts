import { createHash, createHmac } from 'node:crypto'
import { CodedError, isCoded } from '@credence/errors'
import type { Random } from '@credence/service'
import type { ProjectKey, ProjectKeys } from '../keys/project-keys.ts'
import { closeBox, nonceBytes, openBox, openLongBox } from './aead.ts'
import type { Access, Sealed } from './child.ts'
import { sameBytes } from './same-bytes.ts'

/** What a box is bound to (C1). Owner and fence are not in it: sharing and transfer need no new encryption. */
export interface Binding {
  readonly project: string
  readonly credential: string
  readonly version: number
  /** `secret`, `candidate:<id>` or `client`. */
  readonly kind: string
  readonly recipe: string
  readonly hosts: string
}

export type FenceFields = Omit<Access, 'mac'>

/** A data key in the hand: opens its box and signs its fence, then is wiped. */
export interface DataKey extends Disposable {
  open(sealed: Sealed, binding: Binding): Promise<Buffer>
  fenceMac(binding: Pick<Binding, 'project' | 'credential'>, fence: FenceFields): Buffer
}

export interface Envelope {
  /** Encrypts under a fresh data key and wipes `plaintext`. */
  seal(plaintext: Buffer, binding: Binding): Promise<{ sealed: Sealed; dataKey: DataKey }>
  /** Unwraps a data key. Throws CREDENTIAL_QUARANTINED when it does not open. */
  dataKey(sealed: Sealed, binding: Pick<Binding, 'project' | 'credential'>): Promise<DataKey>
  /**
   * The same data key under the newest project key; the box stays as it is. Answers `sealed` itself where there is nothing to
   * do, and where it does not open: that one was lost before, and must not keep the others from their new key.
   */
  rewrap(sealed: Sealed, binding: Pick<Binding, 'project' | 'credential'>): Promise<Sealed>
}

const DEK_BYTES = 32
const COMMITMENT = 'credence key commitment v1'
const FENCE = 'credence fence v1'

export function createEnvelope(keys: ProjectKeys, random: Random): Envelope {
  async function unwrap(sealed: Sealed, binding: Pick<Binding, 'project' | 'credential'>): Promise<Buffer> {
    const { key } = await keys.byId(sealed.projectKeyId)
    const dek = openBox(sealed.wrappedDek, { key, aad: dekAad(binding) })
    if (!sameBytes(commitmentOf(dek), sealed.commitment)) {
      dek.fill(0)
      throw new CodedError('CREDENTIAL_QUARANTINED', 'The stored key is not the one that the secret was sealed with.')
    }
    return dek
  }
  const wrap = (dek: Uint8Array, projectKey: ProjectKey, binding: Pick<Binding, 'project' | 'credential'>): Uint8Array =>
    closeBox(dek, { key: projectKey.key, aad: dekAad(binding) }, random.bytes(nonceBytes))

  return {
    async seal(plaintext, binding) {
      try {
        const projectKey = await keys.current(binding.project)
        const dek = viewOf(random.bytes(DEK_BYTES))
        const box = closeBox(plaintext, { key: dek, aad: boxAad(binding) }, random.bytes(nonceBytes))
        const wrappedDek = wrap(dek, projectKey, binding)
        const sealed: Sealed = { alg: 'A256GCM', projectKeyId: projectKey.id, wrappedDek, box, commitment: commitmentOf(dek) }
        return { sealed, dataKey: dataKeyOf(dek) }
      } finally {
        plaintext.fill(0)
      }
    },
    dataKey: async (sealed, binding) => dataKeyOf(await unwrap(sealed, binding)),
    async rewrap(sealed, binding) {
      const projectKey = await keys.current(binding.project)
      if (projectKey.id === sealed.projectKeyId) return sealed
      try {
        const dek = await unwrap(sealed, binding)
        const wrappedDek = wrap(dek, projectKey, binding)
        dek.fill(0)
        return { ...sealed, projectKeyId: projectKey.id, wrappedDek }
      } catch (error) {
        if (isCoded(error, 'CREDENTIAL_QUARANTINED') || isCoded(error, 'KEY_MISMATCH')) return sealed
        throw error
      }
    },
  }
}

function dataKeyOf(dek: Buffer): DataKey {
  return {
    open: (sealed, binding) => openLongBox(sealed.box, { key: dek, aad: boxAad(binding) }),
    fenceMac(binding, fence) {
      const key = createHmac('sha256', dek).update(FENCE).digest()
      const mac = createHmac('sha256', key).update(canonicalFence(binding, fence)).digest()
      key.fill(0)
      return mac
    },
    [Symbol.dispose]() {
      dek.fill(0)
    },
  }
}

/** Not a copy: the bytes that chance gave would stay behind. */
function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function commitmentOf(dek: Uint8Array): Buffer {
  return createHmac('sha256', dek).update(COMMITMENT).digest()
}

function dekAad(binding: Pick<Binding, 'project' | 'credential'>): Buffer {
  return Buffer.from(JSON.stringify(['credence dek v1', binding.project, binding.credential]))
}

function boxAad(binding: Binding): Buffer {
  return Buffer.from(
    JSON.stringify(['credence box v1', binding.project, binding.credential, binding.version, binding.kind, binding.recipe, binding.hosts]),
  )
}

/** Whether two fences say the same, in whatever order their members came back from the store. */
export function sameFence(a: FenceFields, b: FenceFields): boolean {
  const nobody = { project: '', credential: '' }
  return canonicalFence(nobody, a) === canonicalFence(nobody, b)
}

function canonicalFence(binding: Pick<Binding, 'project' | 'credential'>, fence: FenceFields): string {
  const shares = fence.shares.map((share) => [share.names, share.permission])
  const { gates = [], capabilities = [] } = fence
  // Only where there are any: fences of before have none, and their MACs stand.
  const used = gates.length === 0 && capabilities.length === 0 ? [] : [gates, capabilities]
  const channels = fence.channels?.map(({ consumer, channel, nativeId }) => [consumer, channel, nativeId]) ?? []
  const bound = channels.length === 0 ? [] : [['channels', ...channels]]
  const { generation, state, reason, owner } = fence
  return JSON.stringify([binding.project, binding.credential, generation, state, reason, owner, shares, ...used, ...bound])
}

/** Digest of a host list by purpose: a child whose recipe names other hosts does not open. */
export function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex')
}

import { createHash } from 'node:crypto'
import type { Role } from '@credence/credential'
import type { Random } from '@credence/service'
import type { Doc } from '@credence/store'

/** One secret of a key: only its SHA-256 is kept, in lower-case hex. */
export interface KeySecret {
  readonly sha256: string
  /** Of a rotated-out secret: when it stops to count. */
  readonly until?: Date | undefined
}

/** A caller's key (`registry_keys`). `hashes` is the index over its secrets. */
export interface KeyDoc extends Doc {
  readonly project: string
  readonly label: string
  readonly scopes: readonly string[]
  readonly role: Role
  readonly createdAt: Date
  readonly expiresAt?: Date | undefined
  readonly state: 'active' | 'revoked'
  readonly secrets: readonly KeySecret[]
  readonly hashes: readonly string[]
  /** Grows with each change; the vault refuses an older one. */
  readonly generation: number
  /** Until the vault holds this generation. */
  readonly pendingSince?: Date | undefined
}

const SECRET_BYTES = 32

/** A new secret of a key: `crd_` and 256 random bits, base64url. The text is shown once and kept nowhere. */
export function newKeySecret(random: Pick<Random, 'bytes'>): { text: string; sha256: string } {
  const text = `crd_${Buffer.from(random.bytes(SECRET_BYTES)).toString('base64url')}`
  return { text, sha256: createHash('sha256').update(text).digest('hex') }
}

/** The key with these secrets, as the next generation that the vault has to be told. */
export function withSecrets(doc: KeyDoc, secrets: readonly KeySecret[], now: Date): KeyDoc {
  return {
    ...doc,
    secrets,
    hashes: secrets.map(({ sha256 }) => sha256),
    generation: doc.generation + 1,
    pendingSince: doc.pendingSince ?? now,
  }
}

/** When a secret of the key stops to count: the earlier of its own end and the key's. */
export function endOf(doc: KeyDoc, secret: KeySecret): Date | undefined {
  const ends = [doc.expiresAt, secret.until].filter((end) => end !== undefined)
  return ends.length === 0 ? undefined : new Date(Math.min(...ends.map((end) => end.getTime())))
}

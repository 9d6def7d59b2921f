import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto'
import { CodedError } from '@credence/errors'

/**
 * AES-256-GCM in one box:
 *
 *     nonce 12 bytes | tag 16 bytes | ciphertext
 *
 * The tag length is pinned: Node accepts tags of 4 bytes unless told otherwise.
 */
const NONCE_BYTES = 12
const TAG_BYTES = 16

export interface BoxContext {
  readonly key: KeyObject | Uint8Array
  /** Bound to the box: opening with other data fails. */
  readonly aad: Uint8Array
}

export function closeBox(plaintext: Uint8Array, context: BoxContext, nonce: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', context.key, nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(context.aad)
  const ciphertext = cipher.update(plaintext)
  cipher.final()
  return Buffer.concat([nonce, cipher.getAuthTag(), ciphertext])
}

/** The plaintext in a buffer of its own, for the caller to wipe. Throws CREDENTIAL_QUARANTINED when anything was altered. */
export function openBox(box: Uint8Array, context: BoxContext): Buffer {
  // From the store, where it may have become anything.
  if (!(box instanceof Uint8Array) || box.byteLength < NONCE_BYTES + TAG_BYTES) throw altered()
  const decipher = createDecipheriv('aes-256-gcm', context.key, box.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
  decipher.setAAD(context.aad)
  decipher.setAuthTag(box.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
  const plaintext = decipher.update(box.subarray(NONCE_BYTES + TAG_BYTES))
  try {
    decipher.final()
  } catch {
    plaintext.fill(0)
    throw altered()
  }
  return plaintext
}

export const nonceBytes: number = NONCE_BYTES

function altered(): CodedError {
  return new CodedError('CREDENTIAL_QUARANTINED', 'The stored bytes do not open: they were altered, moved, or written with another key.')
}

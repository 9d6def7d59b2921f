import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, webcrypto } from 'node:crypto'
import { CodedError } from '@credence/errors'
import { secretBuffer } from '@credence/secret'

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

/**
 * Node's cipher writes what it decrypts into memory that is a byte too long, copies it and frees the first without wiping
 * it. What so stays behind is pieces of this size, which tell nothing and which most allocators overwrite.
 */
const PIECE_BYTES = 15
/** Beyond it WebCrypto, which clears its memory, costs less on its other thread than the pieces do on this one. */
const MOST_PIECED_BYTES = 512

/**
 * The plaintext in a buffer of its own, for the caller to wipe; no other copy is left. Takes 70 ns a byte. Throws
 * CREDENTIAL_QUARANTINED when anything was altered.
 */
export function openBox(box: Uint8Array, context: BoxContext): Buffer {
  const { nonce, tag, ciphertext } = partsOf(box)
  const decipher = createDecipheriv('aes-256-gcm', context.key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(context.aad)
  decipher.setAuthTag(tag)
  const plaintext = secretBuffer(ciphertext.byteLength)
  for (let at = 0; at < ciphertext.byteLength; at += PIECE_BYTES) {
    const piece = decipher.update(ciphertext.subarray(at, at + PIECE_BYTES))
    plaintext.set(piece, at)
    piece.fill(0)
  }
  try {
    decipher.final()
  } catch {
    plaintext.fill(0)
    throw altered()
  }
  return plaintext
}

/** The same for boxes that may be long, as those with tokens are. */
export async function openLongBox(box: Uint8Array, context: BoxContext & { readonly key: Uint8Array }): Promise<Buffer> {
  if (box.byteLength <= MOST_PIECED_BYTES) return openBox(box, context)
  const { nonce, tag, ciphertext } = partsOf(box)
  const key = createSecretKey(context.key).toCryptoKey('AES-GCM', false, ['decrypt'])
  const algorithm = { name: 'AES-GCM', iv: nonce, additionalData: context.aad, tagLength: TAG_BYTES * 8 }
  try {
    return Buffer.from(await webcrypto.subtle.decrypt(algorithm, key, Buffer.concat([ciphertext, tag])))
  } catch {
    throw altered()
  }
}

function partsOf(box: Uint8Array): { nonce: Uint8Array; tag: Uint8Array; ciphertext: Uint8Array } {
  // From the store, where it may have become anything.
  if (!(box instanceof Uint8Array) || box.byteLength < NONCE_BYTES + TAG_BYTES) throw altered()
  return {
    nonce: box.subarray(0, NONCE_BYTES),
    tag: box.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES),
    ciphertext: box.subarray(NONCE_BYTES + TAG_BYTES),
  }
}

export const nonceBytes: number = NONCE_BYTES

function altered(): CodedError {
  return new CodedError('CREDENTIAL_QUARANTINED', 'The stored bytes do not open: they were altered, moved, or written with another key.')
}

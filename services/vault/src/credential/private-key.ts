import { createPrivateKey, type KeyObject } from 'node:crypto'
import { secretBuffer } from '@credence/secret'
import { decodeBytes } from './encode-bytes.ts'

/** The kinds of private key that the algorithms sign with. */
export type KeyType = 'rsa' | 'p256' | 'p384' | 'p521' | 'ed25519'

/** What to write where another was written. */
export const KEY_TEXTS: Readonly<Record<KeyType, string>> = {
  rsa: 'Write an RSA private key as PEM, without a passphrase.',
  p256: 'Write a private key of the curve P-256 as PEM, without a passphrase.',
  p384: 'Write a private key of the curve P-384 as PEM, without a passphrase.',
  p521: 'Write a private key of the curve P-521 as PEM, without a passphrase.',
  ed25519: 'Write an Ed25519 private key as PEM, without a passphrase.',
}

const CURVES: Readonly<Record<string, KeyType>> = { prime256v1: 'p256', secp384r1: 'p384', secp521r1: 'p521' }

export function typeOf(key: KeyObject): KeyType | undefined {
  if (key.asymmetricKeyType === 'rsa' || key.asymmetricKeyType === 'rsa-pss') return 'rsa'
  if (key.asymmetricKeyType === 'ed25519') return 'ed25519'
  return key.asymmetricKeyType === 'ec' ? CURVES[key.asymmetricKeyDetails?.namedCurve ?? ''] : undefined
}

const FORMS = { 'PRIVATE KEY': 'pkcs8', 'RSA PRIVATE KEY': 'pkcs1', 'EC PRIVATE KEY': 'sec1' } as const
type Form = (typeof FORMS)[keyof typeof FORMS]

/**
 * PEM (RFC 7468), also where an input or a file of settings has made one line of it, or put `\n` where lines ended, and behind
 * blocks of another label, such as the parameters of a curve; else the bare base64 of PKCS #8. Undefined for anything else.
 * Read here and not by the library, which would need a string.
 */
export function privateKeyOf(text: Buffer): KeyObject | undefined {
  const found = block(text)
  if (found === undefined) return undefined
  const digits = withoutBreaks(found.text)
  const der = decodeBytes(digits, 'base64')
  try {
    return der === undefined ? undefined : createPrivateKey({ key: der, format: 'der', type: found.form })
  } catch {
    return undefined
  } finally {
    digits.fill(0)
    der?.fill(0)
  }
}

/** What stands between the lines of the first private key; a view, not a copy. */
function block(text: Buffer): { readonly text: Buffer; readonly form: Form } | undefined {
  for (const [label, form] of Object.entries(FORMS)) {
    const begin = `-----BEGIN ${label}-----`
    const start = text.indexOf(begin)
    const end = text.indexOf(`-----END ${label}-----`, start)
    if (start >= 0 && end >= 0) return { text: text.subarray(start + begin.length, end), form }
  }
  return text.includes('-----BEGIN ') ? undefined : { text, form: 'pkcs8' }
}

/** Without white space, and without the two characters `\n` and `\r` of escaped line ends. */
function withoutBreaks(text: Buffer): Buffer {
  const kept = secretBuffer(text.byteLength)
  let length = 0
  for (let i = 0; i < text.byteLength; i++) {
    const byte = text[i]!
    if (byte === 0x5c && (text[i + 1] === 0x6e || text[i + 1] === 0x72)) i++
    else if (byte > 0x20) kept[length++] = byte
  }
  return kept.subarray(0, length)
}

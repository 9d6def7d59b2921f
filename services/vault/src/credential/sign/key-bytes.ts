import { createPrivateKey, type KeyObject } from 'node:crypto'
import { CodedError } from '@credence/errors'
import type { KeyEncoding, SignKey } from '@credence/provider/sign'
import { secretBuffer } from '@credence/secret'
import { decodeBytes } from '../encode-bytes.ts'
import { renderTemplate, type SignContext } from './render-template.ts'

/** The kinds of private key that the algorithms sign with. */
export type KeyType = 'rsa' | 'p256' | 'ed25519'

/** A symmetric key, wiped with the draft. Throws FIELD_REFUSED. */
export function symmetricKey(key: SignKey, context: SignContext): Buffer {
  const text = renderTemplate(key.value, context)
  const bytes = text.byteLength === 0 ? undefined : symmetricBytes(text, key.encoding)
  if (bytes === undefined) throw keyRefused(key, key.encoding === 'utf8' ? 'It is empty.' : `Write it as ${key.encoding}.`)
  return key.encoding === 'utf8' ? bytes : context.draft.scratch(bytes)
}

export function symmetricBytes(text: Buffer, encoding: KeyEncoding): Buffer | undefined {
  return encoding === 'utf8' ? text : decodeBytes(text, encoding)
}

/** A private key for one signature. Throws FIELD_REFUSED. */
export function privateKey(key: SignKey, type: KeyType, context: SignContext): KeyObject {
  const found = privateKeyOf(renderTemplate(key.value, context))
  if (found === undefined || typeOf(found) !== type) throw keyRefused(key, KEY_TEXTS[type])
  return found
}

export const KEY_TEXTS: Readonly<Record<KeyType, string>> = {
  rsa: 'Write an RSA private key as PEM, without a passphrase.',
  p256: 'Write a private key of the curve P-256 as PEM, without a passphrase.',
  ed25519: 'Write an Ed25519 private key as PEM, without a passphrase.',
}

function keyRefused(key: SignKey, detail: string): CodedError {
  const name = key.value.find((part) => 'field' in part)
  const pointer = name !== undefined && 'field' in name ? `/fields/${name.field}` : '/fields'
  return new CodedError('FIELD_REFUSED', 'The signing key cannot be used.', { faults: [{ pointer, code: 'not_a_key', detail }] })
}

export function typeOf(key: KeyObject): KeyType | undefined {
  if (key.asymmetricKeyType === 'rsa' || key.asymmetricKeyType === 'rsa-pss') return 'rsa'
  if (key.asymmetricKeyType === 'ed25519') return 'ed25519'
  return key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? 'p256' : undefined
}

const BEGIN = Buffer.from('-----BEGIN ')
const END = Buffer.from('-----END ')
const DASHES = Buffer.from('-----')
const FORMS: Readonly<Record<string, 'pkcs8' | 'pkcs1' | 'sec1'>> = {
  'PRIVATE KEY': 'pkcs8',
  'RSA PRIVATE KEY': 'pkcs1',
  'EC PRIVATE KEY': 'sec1',
}

/**
 * PEM (RFC 7468), also where an input or a file of settings has made one line of it, or put `\n` where lines ended; else the
 * bare base64 of PKCS #8. Undefined for anything else. Read here and not by the library, which would need a string.
 */
export function privateKeyOf(text: Buffer): KeyObject | undefined {
  const begin = text.indexOf(BEGIN)
  const labelEnd = text.indexOf(DASHES, begin + BEGIN.byteLength)
  const end = text.indexOf(END, labelEnd)
  const isPem = begin >= 0 && labelEnd >= 0 && end >= 0
  const type = isPem ? FORMS[text.toString('latin1', begin + BEGIN.byteLength, labelEnd)] : 'pkcs8'
  const digits = withoutBreaks(isPem ? text.subarray(labelEnd + DASHES.byteLength, end) : text)
  const der = decodeBytes(digits, 'base64')
  try {
    return type === undefined || der === undefined ? undefined : createPrivateKey({ key: der, format: 'der', type })
  } catch {
    return undefined
  } finally {
    digits.fill(0)
    der?.fill(0)
  }
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

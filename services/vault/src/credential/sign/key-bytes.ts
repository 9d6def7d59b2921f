import type { KeyObject } from 'node:crypto'
import { CodedError } from '@credence/errors'
import type { KeyEncoding, SignKey } from '@credence/provider/sign'
import { decodeBytes } from '../encode-bytes.ts'
import { KEY_TEXTS, type KeyType, privateKeyOf, typeOf } from '../private-key.ts'
import { renderTemplate, type SignContext } from './render-template.ts'

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

function keyRefused(key: SignKey, detail: string): CodedError {
  const name = key.value.find((part) => 'field' in part)
  const pointer = name !== undefined && 'field' in name ? `/fields/${name.field}` : '/fields'
  return new CodedError('FIELD_REFUSED', 'The signing key cannot be used.', { faults: [{ pointer, code: 'not_a_key', detail }] })
}

import type { Fault } from '@credence/errors'
import type { RecipeSign, SignKey, SignTemplate } from '@credence/provider/sign'
import { secretConcat } from '@credence/secret'
import { JWS_KEY_TYPES } from '../compact-jws.ts'
import { KEY_TEXTS, type KeyType, privateKeyOf, typeOf } from '../private-key.ts'
import { symmetricBytes } from './key-bytes.ts'
import { KEY_TYPES as MESSAGE_KEYS } from './sign-http-message.ts'

/** What the key of a signature must be; `symmetric` is any bytes. Undefined where nothing can be said of it before it is used. */
function keyOf(sign: RecipeSign | undefined): { readonly key: SignKey; readonly type: KeyType | 'symmetric' } | undefined {
  if (sign === undefined || sign.kind === 'aws_sigv4') return undefined
  const { key } = sign
  if (sign.kind === 'jwt' && sign.alg !== 'HS256') return { key, type: JWS_KEY_TYPES[sign.alg] }
  if (sign.kind === 'http_message' && sign.alg !== 'hmac-sha256') return { key, type: MESSAGE_KEYS[sign.alg] }
  return { key, type: 'symmetric' }
}

/** The fields of private keys, which are written in lines. */
export function privateKeyFields(sign: RecipeSign | undefined): ReadonlySet<string> {
  const asked = keyOf(sign)
  return new Set(asked === undefined || asked.type === 'symmetric' ? [] : fieldsOf(asked.key.value))
}

/** A key that cannot sign is told when it is entered, and not at the first call. */
export function keyFaults(sign: RecipeSign | undefined, values: ReadonlyMap<string, Uint8Array>): Fault[] {
  const asked = keyOf(sign)
  if (asked === undefined) return []
  const { key, type } = asked
  const names = fieldsOf(key.value)
  // What is missing is told as missing.
  if (names.some((name) => (values.get(name)?.byteLength ?? 0) === 0)) return []
  const text = secretConcat(
    key.value.map((part) => ('field' in part ? values.get(part.field)! : Buffer.from('literal' in part ? part.literal : ''))),
  )
  try {
    if (isKey(text, key, type)) return []
  } finally {
    text.fill(0)
  }
  const detail = type === 'symmetric' ? `Write the key as ${key.encoding}.` : KEY_TEXTS[type]
  return [{ pointer: `/fields/${names[0]}`, code: 'not_a_key', detail }]
}

function isKey(text: Buffer, key: SignKey, type: KeyType | 'symmetric'): boolean {
  if (type !== 'symmetric') {
    const found = privateKeyOf(text)
    return found !== undefined && typeOf(found) === type
  }
  const bytes = symmetricBytes(text, key.encoding)
  if (bytes !== text) bytes?.fill(0)
  return bytes !== undefined
}

function fieldsOf(template: SignTemplate): readonly string[] {
  return template.flatMap((part) => ('field' in part ? [part.field] : []))
}

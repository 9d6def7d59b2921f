import type { Segment } from '@credence/provider'
import { secretConcat, wipe } from '@credence/secret'
import { base64, encodeBytes } from './encode-bytes.ts'
import type { SecretFields } from './secret-fields.ts'
import { hmac } from './sign/hmac.ts'

type HmacSegment = Extract<Segment, { hmac: unknown }>['hmac']

/** What a template is filled with. */
export interface Values {
  readonly fields: SecretFields
  readonly plain: Readonly<Record<string, string>>
}

/** The bytes of a placed value, wiped by whoever gets them. Adds to `needles` what an answer must not echo: nothing where only plain values and literals stand. */
export function render(segments: readonly Segment[], values: Values, needles: Buffer[]): Buffer {
  const parts = segments.map((segment) => {
    if ('literal' in segment) return Buffer.from(segment.literal)
    if ('base64' in segment) return renderBase64(segment.base64, values, needles)
    if ('hmac' in segment) return renderHmac(segment.hmac, values, needles)
    const { prefix = '', suffix = '' } = segment
    const value = values.fields.get(segment.field)
    if (value === undefined || value.byteLength === 0) return Buffer.from(`${prefix}${segment.default ?? ''}${suffix}`)
    if (!Object.hasOwn(values.plain, segment.field)) needles.push(secretConcat([value]))
    return secretConcat([Buffer.from(prefix), value, Buffer.from(suffix)])
  })
  const whole = secretConcat(parts)
  for (const part of parts) part.fill(0)
  return whole
}

function renderBase64(segments: readonly Segment[], values: Values, needles: Buffer[]): Buffer {
  const before = needles.length
  const inner = render(segments, values, needles)
  const encoded = base64(inner)
  if (needles.length > before) needles.push(inner)
  return encoded
}

/** Needles are the values that it takes, as for any piece, and what is made of them. */
function renderHmac({ hash, key, message, encoding }: HmacSegment, values: Values, needles: Buffer[]): Buffer {
  const before = needles.length
  const keyBytes = render(key, values, needles)
  const text = render(message, values, needles)
  const digest = hmac(hash, keyBytes, [text])
  const encoded = encodeBytes(digest, encoding)
  if (needles.length > before) needles.push(secretConcat([encoded]))
  wipe(keyBytes, text, digest)
  return encoded
}

import { type Part, parseLooseTemplate } from '@credence/provider/renewal'
import { secretConcat } from '@credence/secret'
import { asIs, type Encode } from '../credential/escape.ts'

/** Fields, plain and sealed, and what was obtained so far. */
export type Values = ReadonlyMap<string, Uint8Array>

/** The text with its values in place, bytes to bytes. A field that is absent or empty leaves its place empty. */
export function filled(text: string, values: Values, encode: Encode = asIs): Buffer {
  const parts = partsOf(text).map((part) => {
    if ('literal' in part) return Buffer.from(part.literal)
    const value = values.get(part.field)
    return value === undefined ? Buffer.alloc(0) : encode(value)
  })
  const whole = secretConcat(parts)
  for (const part of parts) part.fill(0)
  return whole
}

export function partsOf(text: string): readonly Part[] {
  const parts = parseLooseTemplate(text)
  if (parts === undefined) throw new TypeError('a recipe holds only templates that parseProvider accepted')
  return parts
}

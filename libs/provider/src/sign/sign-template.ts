import { FIELD_NAME } from '../template.ts'

/** A piece of a signing template: text as it is, a field's value, or a part of the request (`{{@header:date}}`). */
export type SignPart = { readonly literal: string } | { readonly field: string } | { readonly part: PartName; readonly of?: string }

/**
 * What of a request can stand in a template. `target` is the path with its query, `url` the whole address. `timestamp` and
 * `nonce` are drawn once for a request; `signature` is what an HMAC gives, `token` the JWT.
 */
export const PART_NAMES = [
  'method',
  'path',
  'query',
  'target',
  'url',
  'host',
  'timestamp',
  'nonce',
  'body',
  'body_sha256',
  'header',
  'signature',
  'token',
] as const
export type PartName = (typeof PART_NAMES)[number]

/** What may stand behind the colon; the first is meant when nothing does. */
export const PART_FORMS: Readonly<Partial<Record<PartName, readonly string[]>>> = {
  timestamp: ['s', 'ms', 'rfc3339', 'http'],
  body_sha256: ['hex', 'base64'],
}

const PLACE = new RegExp(`\\{\\{(@?${FIELD_NAME})(?::([!#$%&'*+.^_\`|~0-9A-Za-z-]{1,128}))?\\}\\}`, 'g')

/** A place as it is written, before it is known whether there is such a field or part. */
export type WrittenPart = { readonly literal: string } | { readonly name: string; readonly of?: string }

/** The pieces of `text`; undefined when a brace stands in it that is not part of a `{{name}}` or `{{@name}}`. */
export function readSignTemplate(text: string): readonly WrittenPart[] | undefined {
  const parts: WrittenPart[] = []
  let end = 0
  for (const match of text.matchAll(PLACE)) {
    const [whole, name = '', of] = match
    if (match.index > end) parts.push({ literal: text.slice(end, match.index) })
    parts.push({ name, ...(of === undefined ? {} : { of }) })
    end = match.index + whole.length
  }
  if (end < text.length) parts.push({ literal: text.slice(end) })
  // JSON in a message has braces of its own, one at a time.
  const broken = parts.some((part) => 'literal' in part && /\{\{|\}\}/.test(part.literal))
  return broken ? undefined : parts
}

/** The pieces of a template that was checked. */
export function signTemplate(text: string): readonly SignPart[] {
  const written = readSignTemplate(text)
  if (written === undefined) throw new TypeError('a template that parseProvider accepted')
  return written.map((part) => {
    if ('literal' in part) return part
    if (!part.name.startsWith('@')) return { field: part.name }
    const name = part.name.slice(1) as PartName
    const of = part.of ?? PART_FORMS[name]?.[0]
    return { part: name, ...(of === undefined ? {} : { of: name === 'header' ? of.toLowerCase() : of }) }
  })
}

/** The names of the fields that a template takes; none when it cannot be read. */
export function fieldsOfSignTemplate(text: string | undefined): readonly string[] {
  const parts = readSignTemplate(text ?? '') ?? []
  return parts.flatMap((part) => ('name' in part && !part.name.startsWith('@') ? [part.name] : []))
}

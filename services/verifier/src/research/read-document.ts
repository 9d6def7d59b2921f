import { parse as parseYaml } from 'yaml'

/** A JSON value as a document held it; nothing in it is trusted. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

/** YAML aliases could grow a small document into a large one. */
const MAX_ALIASES = 50
/** Reading YAML takes a second for each of these, in which the process does nothing else. */
const MAX_YAML_LENGTH = 1024 * 1024

/** The value of a JSON or YAML document, or undefined when it is neither. */
export function readDocument(text: string): Json | undefined {
  const start = text.trimStart().slice(0, 1)
  try {
    if (start === '{' || start === '[') return JSON.parse(text) as Json
    // A page of HTML is a YAML scalar to a lenient reader.
    if (start === '<' || start === '' || text.length > MAX_YAML_LENGTH) return undefined
    const value: unknown = parseYaml(text, { maxAliasCount: MAX_ALIASES, logLevel: 'silent' })
    return typeof value === 'object' ? (value as Json) : undefined
  } catch {
    return undefined
  }
}

export function memberOf(value: Json | undefined, name: string): Json | undefined {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

export function isObject(value: Json | undefined): value is { readonly [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function textIn(value: Json | undefined, name: string): string | undefined {
  const member = memberOf(value, name)
  return typeof member === 'string' && member !== '' ? member : undefined
}

export function listIn(value: Json | undefined, name: string): readonly Json[] {
  const member = memberOf(value, name)
  return Array.isArray(member) ? member : []
}

export function textsIn(value: Json | undefined, name: string): readonly string[] {
  return listIn(value, name).filter((item) => typeof item === 'string')
}

/** What a local `$ref` points to, once; anything else stands for itself. */
export function resolved(document: Json, value: Json | undefined): Json | undefined {
  const ref = textIn(value, '$ref')
  if (ref === undefined || !ref.startsWith('#/')) return value
  let at: Json | undefined = document
  for (const step of ref.slice(2).split('/')) at = memberOf(at, decodeURIComponentSafely(step).replaceAll('~1', '/').replaceAll('~0', '~'))
  return at
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

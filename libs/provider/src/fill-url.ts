import { hostProblem } from './host.ts'
import type { Part } from './template.ts'
import type { UrlTemplate } from './url-template.ts'

/** What is wrong with the value of one field at one place. */
export interface FillProblem {
  readonly field: string
  readonly code: 'MISSING' | 'INVALID_VALUE'
  readonly detail: string
}

/** `base` is origin and path without a slash at the end; `url` is the whole, query included. */
export type Filled = { readonly url: string; readonly base: string } | { readonly problems: readonly FillProblem[] }

/** Long enough for any identifier, short enough for every server's request line. */
const MAX_PATH_VALUE = 512

type Values = (field: string) => string | undefined

/**
 * Fills a template. Values in the host are one DNS label, or a whole name where the template leaves the end of the host to
 * the field; values in the path are one percent-encoded segment; values in the query are percent-encoded.
 */
export function fillUrlTemplate(template: UrlTemplate, values: Values): Filled {
  const problems: FillProblem[] = []
  const host = fillHost(template.host, values, problems)
  const path = template.segments.map((segment) => `/${fillParts(segment, values, { problems, encode: pathValue })}`).join('')
  const query = template.query === undefined ? '' : `?${fillParts(template.query, values, { problems, encode: queryValue })}`
  if (problems.length > 0) return { problems }
  const port = template.port === undefined ? '' : `:${template.port}`
  const parsed = new URL(`${template.scheme}://${host}${port}${path}`)
  const base = `${parsed.origin}${parsed.pathname.replace(/\/+$/, '')}`
  return { url: `${parsed.origin}${path === '' ? '' : parsed.pathname}${query}`, base }
}

/** A value as it is written at its place, or the sentence that refuses it. */
type Encode = (value: string) => { readonly text: string } | { readonly refused: string }

function fillParts(parts: readonly Part[], values: Values, how: { problems: FillProblem[]; encode: Encode }): string {
  return parts.map((part) => ('literal' in part ? part.literal : place(part.field, values(part.field), how))).join('')
}

function place(field: string, value: string | undefined, how: { problems: FillProblem[]; encode: Encode }): string {
  if (value === undefined || value === '') {
    how.problems.push({ field, code: 'MISSING', detail: 'Fill in this field; the address of the API needs it.' })
    return ''
  }
  const encoded = value.isWellFormed() ? how.encode(value) : { refused: 'Write Unicode text; half of a surrogate pair is not a character.' }
  if ('text' in encoded) return encoded.text
  how.problems.push({ field, code: 'INVALID_VALUE', detail: encoded.refused })
  return ''
}

function fillHost(parts: readonly Part[], values: Values, problems: FillProblem[]): string {
  const filled = parts.map((part, i) => {
    if ('literal' in part) return part.literal
    const encode = fillsEndOfHost(parts, i) ? wholeName : oneLabel
    return place(part.field, values(part.field), { problems, encode })
  })
  const host = filled.join('').toLowerCase()
  const last = parts.findLast((part) => 'field' in part)
  if (problems.length > 0 || last === undefined) return host
  const sentence = hostProblem(host)
  if (sentence !== undefined) problems.push({ field: last.field, code: 'INVALID_VALUE', detail: sentence })
  return host
}

/** True when the field is all of the last labels: `{{domain}}`, `api.{{domain}}`. */
export function fillsEndOfHost(parts: readonly Part[], index: number): boolean {
  const before = parts[index - 1]
  return index === parts.length - 1 && (before === undefined || ('literal' in before && before.literal.endsWith('.')))
}

const wholeName: Encode = (value) => {
  const sentence = hostProblem(value)
  return sentence === undefined ? { text: value } : { refused: sentence }
}

const oneLabel: Encode = (value) =>
  /^[A-Za-z0-9-]{1,63}$/.test(value)
    ? { text: value }
    : { refused: 'Write one part of a host name: letters, digits and hyphens, without dots.' }

const pathValue: Encode = (value) => {
  if (/[/\\?#%\u0000-\u001f\u007f]/.test(value) || value.includes('..') || value === '.') {
    return { refused: 'Write one path segment, not encoded: without `/`, `\\`, `?`, `#`, `%`, `..` and control characters.' }
  }
  return value.length > MAX_PATH_VALUE ? { refused: `Write at most ${MAX_PATH_VALUE} characters.` } : { text: encodeURIComponent(value) }
}

const queryValue: Encode = (value) =>
  /[\u0000-\u001f\u007f]/.test(value) ? { refused: 'Write it without control characters.' } : { text: encodeURIComponent(value) }

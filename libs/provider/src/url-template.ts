import { hostProblem, isLocalLiteral } from './host.ts'
import { type Part, parseTemplate } from './template.ts'

/** A URL with places for fields in its host, its path segments and its query; scheme and port are always literal. */
export interface UrlTemplate {
  readonly scheme: 'https' | 'http'
  readonly host: readonly Part[]
  readonly port?: string
  readonly segments: readonly (readonly Part[])[]
  readonly query?: readonly Part[]
}

/** `problems` holds everything that is wrong, as sentences that say what to write instead. */
export type UrlReading = { readonly url: UrlTemplate } | { readonly problems: readonly string[] }

/** Stands for a field while the text is cut; cannot occur in a template, which is ASCII. */
const PLACE = '\uE000'
const SHAPE = /^([^:/?#]*):\/\/([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?$/s

/** Reads a URL template. A query is refused unless `query` is true: nobody appends a path to a URL that has one. */
export function parseUrlTemplate(text: string, allow: { query: boolean }): UrlReading {
  if (!/^[\u0021-\u007e]*$/.test(text))
    return problem('Write ASCII without spaces; an international host name begins with `xn--` in that form.')
  const parts = parseTemplate(text)
  if (parts === undefined) return problem('Write a field as `{{name}}`; single braces have no place in a URL.')
  const names = parts.flatMap((part) => ('field' in part ? [part.field] : []))
  const match = SHAPE.exec(parts.map((part) => ('field' in part ? PLACE : part.literal)).join(''))
  if (match === null) return problem('Write a whole URL, like `https://api.example.com/v1`.')
  const [, scheme = '', authority = '', path = '', query, fragment] = match
  const problems = [
    ...schemeProblems(scheme, authority),
    ...authorityProblems(authority),
    ...pathProblems(path),
    ...(fragment === undefined ? [] : ['Remove the fragment (`#…`); it is never sent.']),
    ...(query === undefined || allow.query ? [] : ['Remove the query (`?…`); callers add their own.']),
  ]
  if (problems.length > 0) return { problems }
  return { url: cut({ scheme, authority, path, query }, names) }
}

const problem = (sentence: string): UrlReading => ({ problems: [sentence] })

function cut(shape: { scheme: string; authority: string; path: string; query: string | undefined }, names: readonly string[]): UrlTemplate {
  const rest = names[Symbol.iterator]()
  const { host, port } = splitAuthority(shape.authority)
  return {
    scheme: shape.scheme.toLowerCase() === 'http' ? 'http' : 'https',
    host: partsOf(host.toLowerCase(), rest),
    ...(port === undefined ? {} : { port }),
    segments: shape.path
      .split('/')
      .slice(1)
      .map((segment) => partsOf(segment, rest)),
    ...(shape.query === undefined ? {} : { query: partsOf(shape.query.slice(1), rest) }),
  }
}

function partsOf(shape: string, names: Iterator<string>): readonly Part[] {
  return shape
    .split(new RegExp(`(${PLACE})`))
    .filter((piece) => piece !== '')
    .map((piece) => (piece === PLACE ? { field: String(names.next().value) } : { literal: piece }))
}

function splitAuthority(authority: string): { host: string; port: string | undefined } {
  const colon = authority.startsWith('[') ? authority.indexOf(':', authority.indexOf(']')) : authority.indexOf(':')
  return colon < 0 ? { host: authority, port: undefined } : { host: authority.slice(0, colon), port: authority.slice(colon + 1) }
}

function schemeProblems(scheme: string, authority: string): string[] {
  const name = scheme.toLowerCase()
  if (name === 'https') return []
  if (name === 'http' && isLocalLiteral(splitAuthority(authority).host.toLowerCase())) return []
  if (name === 'http') return ['Write `https://`; `http://` is accepted for localhost and private addresses only.']
  return ['Begin with `https://`.']
}

function authorityProblems(authority: string): string[] {
  if (authority.includes('@')) return ['Remove the user and password before `@`; secrets belong in `fields`.']
  const { host, port } = splitAuthority(authority)
  const problems: string[] = []
  if (port !== undefined && !isPort(port)) problems.push('Write the port as a number from 1 to 65535; a field cannot fill it.')
  const sentence = host === '[::1]' ? undefined : literalHostProblem(host)
  if (sentence !== undefined) problems.push(sentence)
  return problems
}

function isPort(text: string): boolean {
  return /^[1-9][0-9]{0,4}$/.test(text) && Number(text) <= 65_535
}

/** A host with fields is checked with a letter in their places: what is filled in is checked again with the real values. */
function literalHostProblem(host: string): string | undefined {
  const crowded = host.split('.').some((label) => label.split(PLACE).length > 2)
  if (crowded) return 'Put a dot between two fields in the host; which part is whose could not be told.'
  if (host === PLACE) return undefined
  return hostProblem(host.replaceAll(PLACE, 'a'))
}

function pathProblems(path: string): string[] {
  if (path.includes('\\')) return ['Write `/` for `\\` in the path.']
  const segments = path.split('/').map((segment) => segment.replaceAll(/%2e/gi, '.'))
  if (segments.some((segment) => segment === '.' || segment === '..')) return ['Write the path without `.` and `..` segments.']
  if (/%(?![0-9A-Fa-f]{2})|%2f|%5c|%00/i.test(path))
    return ['Write `%` in the path only as part of a percent-encoded character other than `/` and `\\`.']
  if (/["<>^`|]/.test(path)) return ['Percent-encode quotation marks, angle brackets and the like in the path.']
  return []
}

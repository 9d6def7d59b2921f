import type { Level, ProviderPayload } from './payload.ts'
import { placementsOf } from './placements.ts'
import { recipeFields } from './recipe-fields.ts'
import type { Placement, Segment } from './recipe-placement.ts'

/** One header whose raw value a backend hands over. */
export interface HeaderInput {
  readonly header: string
  /** What is put before the value when a request leaves, as it is sent; empty: nothing. */
  readonly prefix: string
  /** The field that the value is; of `basic_pair` the user name. */
  readonly field: string
  /** `basic_pair`: the value is `base64(user:password)` (RFC 7617 §2). */
  readonly form: 'raw' | 'basic_pair'
}

/** The one pattern of a provider whose secrets all travel in headers. */
export interface HeaderAuth {
  readonly pattern: number
  readonly level: Level
  readonly headers: readonly HeaderInput[]
}

const TYPES: readonly string[] = ['BEARER', 'API_KEY', 'CUSTOM_HEADER', 'BASIC']

/**
 * How a provider is authenticated by headers alone: exactly one of its patterns takes nothing but header values, each of them
 * one field. Undefined where there is none, or more than one to choose from.
 */
export function headerAuthOf(payload: ProviderPayload): HeaderAuth | undefined {
  const found = payload.auth_patterns.flatMap((pattern, index) => {
    const headers = TYPES.includes(pattern.type) ? headersOf(payload, index) : undefined
    return headers === undefined ? [] : [{ pattern: index, level: pattern.level ?? payload.level ?? 'user', headers }]
  })
  return found.length === 1 ? found[0] : undefined
}

/** The level of every pattern, where it is the same for all. */
export function levelOf(payload: ProviderPayload): Level | undefined {
  const levels = new Set(payload.auth_patterns.map((pattern) => pattern.level ?? payload.level ?? 'user'))
  return levels.size === 1 ? [...levels][0] : undefined
}

function headersOf(payload: ProviderPayload, index: number): readonly HeaderInput[] | undefined {
  const pattern = payload.auth_patterns[index]
  // A signature is made of the secret for each request: no header of the caller's would be it.
  const placements = pattern === undefined || pattern.sign !== undefined ? [] : placementsOf(pattern)
  const inputs = placements.filter(takesField).map(inputOf)
  if (inputs.length === 0 || inputs.some((input) => input === undefined)) return undefined
  const headers = inputs.filter((input) => input !== undefined)
  const filled = headers.flatMap(({ field, form }) => (form === 'raw' ? [field] : [field, 'password']))
  const isWhole = new Set(filled).size === filled.length
  const needed = recipeFields(payload, index).filter(({ required }) => required)
  return isWhole && needed.every(({ name }) => filled.includes(name)) ? headers : undefined
}

function takesField({ value }: Placement): boolean {
  return leaves(value).some((segment) => 'field' in segment)
}

function leaves(segments: readonly Segment[]): readonly Segment[] {
  return segments.flatMap((segment) => ('base64' in segment ? leaves(segment.base64) : [segment]))
}

/** The header as one value: literals, then one field at its end, or the pair of RFC 7617. Undefined for anything else. */
function inputOf({ in: place, name, value }: Placement): HeaderInput | undefined {
  const last = value.at(-1)
  const before = value.slice(0, -1)
  if (place !== 'header' || last === undefined || !before.every((segment) => 'literal' in segment)) return undefined
  const prefix = before.map((segment) => ('literal' in segment ? segment.literal : '')).join('')
  if ('field' in last && last.suffix === undefined)
    return { header: name, prefix: `${prefix}${last.prefix ?? ''}`, field: last.field, form: 'raw' }
  if (!('base64' in last)) return undefined
  const [user] = last.base64
  const isPlainPair = last.base64.every(
    (part) => 'literal' in part || ('field' in part && part.prefix === undefined && part.suffix === undefined),
  )
  return isPlainPair && user !== undefined && 'field' in user ? { header: name, prefix, field: user.field, form: 'basic_pair' } : undefined
}

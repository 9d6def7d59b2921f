import type { Level, ProviderPayload } from './payload.ts'
import { placementsOf } from './placements.ts'
import { recipeFields } from './recipe-fields.ts'
import type { Placement, Segment } from './recipe-placement.ts'

/** One header whose raw value a backend hands over. */
export interface HeaderInput {
  readonly header: string
  /** What is put before the value when a request leaves, piece by piece as it was configured, none of them empty. */
  readonly prefixes: readonly string[]
  /** What is put behind it, of a pair behind the user name; empty: nothing. */
  readonly suffix: string
  /** The field that the value is; of a pair the user name. */
  readonly field: string
  /** `basic_pair`: the value is `base64(user:password)` (RFC 7617 §2); `basic_user`: the same of a server that asks for no password. */
  readonly form: 'raw' | 'basic_pair' | 'basic_user'
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
  const fields = recipeFields(payload, index)
  const asksForPassword = fields.some(({ name }) => name === 'password')
  const inputs = placements.filter(takesField).map((placement) => inputOf(placement, asksForPassword))
  if (inputs.length === 0 || inputs.some((input) => input === undefined)) return undefined
  const headers = inputs.filter((input) => input !== undefined)
  const filled = headers.flatMap(({ field, form }) => (form === 'basic_pair' ? [field, 'password'] : [field]))
  const isWhole = new Set(filled).size === filled.length
  return isWhole && fields.every(({ name, required }) => !required || filled.includes(name)) ? headers : undefined
}

function takesField({ value }: Placement): boolean {
  return leaves(value).some((segment) => 'field' in segment)
}

function leaves(segments: readonly Segment[]): readonly Segment[] {
  return segments.flatMap((segment) => ('base64' in segment ? leaves(segment.base64) : [segment]))
}

/** The header as one value: one field among literals, or the pair of RFC 7617. Undefined for anything else. */
function inputOf({ in: place, name: header, value }: Placement, asksForPassword: boolean): HeaderInput | undefined {
  const at = value.findIndex((segment) => !('literal' in segment))
  const one = value[at]
  if (place !== 'header' || one === undefined || !value.slice(at + 1).every((segment) => 'literal' in segment)) return undefined
  const [before, behind] = [literals(value.slice(0, at)), literals(value.slice(at + 1))]
  if ('field' in one) {
    const { field, prefix = '', suffix = '' } = one
    return { header, prefixes: [...before, prefix].filter(isText), suffix: [suffix, ...behind].join(''), field, form: 'raw' }
  }
  const [user, ...rest] = 'base64' in one ? one.base64 : []
  if (user === undefined || !('field' in user) || behind.some(isText) || !rest.every(isOfPair)) return undefined
  const form = asksForPassword ? 'basic_pair' : 'basic_user'
  return { header, prefixes: before.filter(isText), suffix: user.suffix ?? '', field: user.field, form }
}

function literals(segments: readonly Segment[]): readonly string[] {
  return segments.map((segment) => ('literal' in segment ? segment.literal : ''))
}

function isText(text: string): boolean {
  return text !== ''
}

function isOfPair(segment: Segment): boolean {
  return 'literal' in segment || 'field' in segment
}

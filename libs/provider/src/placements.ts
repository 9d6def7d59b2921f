import { hasOwnHeader } from './check-placement.ts'
import { obtainedNames } from './declared-fields.ts'
import { proofPlacements } from './native-of.ts'
import type { AuthPattern, MUTABLE_FIELDS, PayloadHeader } from './payload.ts'
import type { Placement, Segment } from './recipe-placement.ts'
import { parseTemplate } from './template.ts'

/** Where a pattern puts its credential and its further headers. */
export function placementsOf(pattern: AuthPattern): readonly Placement[] {
  const own = hasOwnHeader(pattern) ? [] : ownPlacements(pattern)
  return [...own, ...(pattern.headers ?? []).map((header) => headerPlacement(header, pattern)), ...proofPlacements(pattern.native_config)]
}

/** An override changes the name only: `Bearer ` and `Basic ` stay, and an API key is the raw value wherever it goes. */
function ownPlacements(pattern: AuthPattern): readonly Placement[] {
  const header = pattern.auth_header_key_override ?? 'Authorization'
  switch (pattern.type) {
    case 'OAUTH':
    case 'THIRDPARTY':
      return [{ in: 'header', name: header, value: [{ literal: 'Bearer ' }, { field: 'access_token' }] }]
    case 'BEARER':
      return [{ in: 'header', name: header, value: [{ literal: 'Bearer ' }, fieldSegment('token', pattern)] }]
    case 'BASIC':
      return [{ in: 'header', name: header, value: [{ literal: 'Basic ' }, { base64: basicPair(pattern) }] }]
    case 'API_KEY':
      return [{ ...keyPlace(pattern, header), value: [fieldSegment('api_key', pattern)] }]
    case 'CUSTOM':
      return obtainedNames(pattern).includes('access_token') ? [obtainedPlacement(pattern, header)] : []
    case 'CUSTOM_HEADER':
    case 'NONE':
      return []
  }
}

/** A bearer token in a header, and raw where a parameter or a cookie carries it. */
function obtainedPlacement(pattern: AuthPattern, header: string): Placement {
  const place = keyPlace(pattern, header)
  const token = { field: 'access_token' }
  return { ...place, value: place.in === 'header' ? [{ literal: 'Bearer ' }, token] : [token] }
}

function keyPlace(pattern: AuthPattern, header: string): Pick<Placement, 'in' | 'name'> {
  if (pattern.auth_query_key !== undefined) return { in: 'query', name: pattern.auth_query_key }
  if (pattern.auth_cookie_key !== undefined) return { in: 'cookie', name: pattern.auth_cookie_key }
  return { in: 'header', name: header }
}

/** RFC 7617 §2. A pattern that asks for no password sends an empty one. */
function basicPair(pattern: AuthPattern): readonly Segment[] {
  const password = fieldSegment('password', pattern)
  return [fieldSegment('username', pattern), { literal: ':' }, { default: '', ...password }]
}

function fieldSegment(name: string, pattern: AuthPattern): Extract<Segment, { field: string }> {
  const mutations = pattern.auth_field_mutations ?? {}
  const {
    prefix,
    suffix,
    default: fallback,
  } = Object.hasOwn(mutations, name) ? (mutations[name as (typeof MUTABLE_FIELDS)[number]] ?? {}) : {}
  return {
    field: name,
    ...(prefix ? { prefix } : {}),
    ...(suffix ? { suffix } : {}),
    ...(fallback ? { default: fallback } : {}),
  }
}

function headerPlacement(header: PayloadHeader, pattern: AuthPattern): Placement {
  const parts = parseTemplate(header.value) ?? []
  const value = parts.map((part) => ('literal' in part ? part : fieldSegment(part.field, pattern)))
  return { in: 'header', name: header.name, value: header.prefix ? [{ literal: joined(header.prefix) }, ...value] : value }
}

/** `Bearer` and `abc` are two words, `key=` and `abc` are one. */
function joined(prefix: string): string {
  return /[A-Za-z0-9]$/.test(prefix) ? `${prefix} ` : prefix
}

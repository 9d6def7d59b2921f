import { readFileSync } from 'node:fs'
import { isCoded } from '@credence/errors'
import { type AuthPattern, type Placement, type ProviderPayload, parseProvider, type Recipe, recipeOf, type Segment } from '../src/index.ts'

export type SeedName = 'asana' | 'bearer' | 'freshdesk' | 'attention'

export function seedBytes(name: SeedName): Uint8Array {
  return readFileSync(new URL(`payloads/${name}.json`, import.meta.url))
}

export const toBytes = (value: unknown): Uint8Array => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))

/** A payload that is right, with members replaced. */
export function payloadWith(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return {
    display_name: 'Example',
    description: 'An example',
    auth_patterns: [{ type: 'BEARER', fields: [{ field_name: 'token' }] }],
    proxy_url: 'https://api.example.com',
    proxy_enabled: true,
    ...members,
  }
}

/** A payload with this one pattern. */
export function withPattern(pattern: Readonly<Record<string, unknown>>, members: Readonly<Record<string, unknown>> = {}): ProviderPayload {
  return parseProvider(toBytes(payloadWith({ auth_patterns: [pattern], ...members })))
}

export function oauthPattern(
  config: Readonly<Record<string, unknown>> = {},
  members: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    type: 'OAUTH',
    oauth_config: { authorize_uri: 'https://auth.example.com/authorize', token_uri: 'https://auth.example.com/token', ...config },
    ...members,
  }
}

export function recipeFor(payload: ProviderPayload, pattern = 0): Recipe {
  return recipeOf(payload, { providerId: 'prov_test', version: 3, pattern, clientId: 'ocl_test' })
}

export function recipeWith(pattern: Readonly<Record<string, unknown>>, members: Readonly<Record<string, unknown>> = {}): Recipe {
  return recipeFor(withPattern(pattern, members))
}

/** The error code and the faults as `pointer CODE`, or undefined when nothing is thrown. */
export function refusal(act: () => unknown): { code: string; faults: string[]; details: string[] } | undefined {
  try {
    act()
    return undefined
  } catch (error) {
    if (!isCoded(error)) throw error
    const faults = error.details.faults ?? []
    return { code: error.code, faults: faults.map((f) => `${f.pointer} ${f.code}`), details: faults.map((f) => f.detail) }
  }
}

export const refusalOf = (payload: unknown): ReturnType<typeof refusal> => refusal(() => parseProvider(toBytes(payload)))

export const refusalOfPattern = (pattern: unknown, members: Readonly<Record<string, unknown>> = {}): string[] =>
  refusalOf(payloadWith({ auth_patterns: [pattern], ...members }))?.faults ?? []

/** What stands on the wire, made from the segments alone as their documentation says. */
export function onTheWire(recipe: Recipe, values: Readonly<Record<string, string>>): string[] {
  const text = (segment: Segment): string => {
    if ('literal' in segment) return segment.literal
    if ('base64' in segment) return Buffer.from(segment.base64.map(text).join('')).toString('base64')
    if ('hmac' in segment) throw new TypeError('no payload of these tests derives a value')
    return `${segment.prefix ?? ''}${values[segment.field] || (segment.default ?? '')}${segment.suffix ?? ''}`
  }
  return recipe.placements.map((placement: Placement) => `${placement.in} ${placement.name}: ${placement.value.map(text).join('')}`)
}

export type { AuthPattern }

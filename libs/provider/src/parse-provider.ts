import { CodedError, type Fault } from '@credence/errors'
import { checkBehaviour, checkPattern } from './check-pattern.ts'
import { type Broken, checkUrls } from './check-urls.ts'
import type { Draft, ProviderPayload } from './payload.ts'
import { pointerTo } from './pointer.ts'
import { readJson } from './read-json.ts'
import { schemaFaults } from './schema-faults.ts'

/** A payload of nothing but faults must not make an answer that is longer than itself. */
const MAX_FAULTS = 100

/**
 * Reads a provider payload. Throws INVALID_PROVIDER with every fault at once, each with its JSON pointer and what to write
 * instead; AUTH_TYPE_NOT_SUPPORTED when one of them is a type or member that this version does not carry out. Faults name
 * members, never values.
 */
export function parseProvider(bytes: Uint8Array): ProviderPayload {
  const { value, faults: repeated } = readJson(bytes)
  const structural = schemaFaults(value)
  const faults = [...repeated, ...structural, ...rulesBeyondTheSchema(value, structural)]
  if (faults.length > 0) throw refusal(faults)
  return value as ProviderPayload
}

function refusal(faults: readonly Fault[]): CodedError {
  const unique = [...new Map(faults.map((fault) => [`${fault.pointer} ${fault.code} ${fault.detail}`, fault])).values()]
  unique.sort((a, b) => a.pointer.localeCompare(b.pointer, 'en', { numeric: true }))
  const shown = unique.slice(0, MAX_FAULTS)
  const rest = unique.length - shown.length
  if (rest > 0) shown.push({ pointer: '', code: 'MORE_FAULTS', detail: `Correct these first; ${rest} more are not listed.` })
  const unsupported = unique.some((fault) => fault.code === 'AUTH_TYPE_NOT_SUPPORTED')
  return new CodedError(unsupported ? 'AUTH_TYPE_NOT_SUPPORTED' : 'INVALID_PROVIDER', undefined, { faults: shown })
}

function rulesBeyondTheSchema(value: unknown, structural: readonly Fault[]): Fault[] {
  const refused = new Set(structural.map((fault) => fault.pointer))
  if (refused.has('')) return []
  const faults: Fault[] = []
  const report = (fault: Fault): void => {
    faults.push(fault)
  }
  const broken: Broken = (pointer) => structural.some((fault) => fault.pointer === pointer || fault.pointer.startsWith(`${pointer}/`))
  const payload = without(value, refused, '') as Draft<ProviderPayload>
  checkBehaviour(payload, '', report)
  payload.auth_patterns?.forEach((_, index) => {
    checkPattern(payload, index, { report, broken })
  })
  checkUrls(payload, report, broken)
  return faults
}

/** A copy whose refused parts are undefined, so that the other rules see only what has its right type. Lists keep their indexes. */
function without(value: unknown, refused: ReadonlySet<string>, pointer: string): unknown {
  if (refused.has(pointer)) return undefined
  if (Array.isArray(value)) return value.map((item, i) => without(item, refused, `${pointer}/${i}`))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, without(member, refused, pointerTo(pointer, name))]))
}

import { CodedError, type Fault } from '@credence/errors'
import { checkBehaviour, checkPattern } from './check-pattern.ts'
import { checkUrls } from './check-urls.ts'
import type { Broken, Draft } from './draft.ts'
import type { ProviderPayload } from './payload.ts'
import { pointerTo } from './pointer.ts'
import { readJson } from './read-json.ts'
import { MAX_SCHEMA_FAULTS, schemaFaults } from './schema-faults.ts'

/** A payload of nothing but faults must not make an answer that is longer than itself. */
const MAX_FAULTS = 100

/** So that item 10 comes after item 2. */
const BY_PLACE: Intl.Collator = new Intl.Collator('en', { numeric: true })

/**
 * Reads a provider payload. Throws INVALID_PROVIDER with every fault at once, each with its JSON pointer and what to write
 * instead. Faults name members, never values.
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
  unique.sort((a, b) => BY_PLACE.compare(a.pointer, b.pointer))
  const shown = unique.slice(0, MAX_FAULTS)
  if (unique.length > shown.length) shown.push({ pointer: '', code: 'MORE_FAULTS', detail: 'Correct these first; there are more.' })
  return new CodedError('INVALID_PROVIDER', undefined, { faults: shown })
}

function rulesBeyondTheSchema(value: unknown, structural: readonly Fault[]): Fault[] {
  const refused = new Set(structural.map((fault) => fault.pointer))
  // Past the limit the list of refused parts is not whole, and what follows relies on it.
  if (refused.has('') || structural.length === MAX_SCHEMA_FAULTS) return []
  const faults: Fault[] = []
  // What the schema refused is undefined here: to call it missing as well would be a second fault for one mistake.
  const report = (fault: Fault): void => {
    if (!refused.has(fault.pointer)) faults.push(fault)
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

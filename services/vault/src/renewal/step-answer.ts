import type { Extraction, RecipeStep, StepAction } from '@credence/provider/renewal'
import { secretConcat } from '@credence/secret'
import { type ScannedValue, scanJson } from '../grant/json-scan.ts'
import { isHeaderText } from './header-text.ts'

export interface StepAnswer {
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Buffer
}

/** What a status means for a step: the exact one first, then what is expected, then its class. */
export function meaningOf(step: RecipeStep, status: number): StepAction | 'expected' | 'unexpected' {
  const exact = step.on.find((action) => action.status === String(status))
  if (exact !== undefined) return exact
  if (step.expect.includes(status)) return 'expected'
  return step.on.find((action) => action.status === `${Math.floor(status / 100)}xx`) ?? 'unexpected'
}

/** Ten years, as for tokens. */
const MOST_LIFE_S = 315_360_000
/** As long as a field may be. */
const MOST_BYTES = 16 * 1024

/** The values that were asked for, each a copy to be wiped; `missing` names the first that is not there or cannot be sent. */
export function extracted(
  answer: StepAnswer,
  extract: readonly Extraction[],
): { readonly values: Map<string, Buffer>; readonly missing?: string } {
  const pointers = extract.flatMap(({ from }) => (from.startsWith('/') ? [from] : []))
  const json = pointers.length === 0 ? undefined : scanJson(answer.body, pointers)
  const values = new Map<string, Buffer>()
  for (const { name, from } of extract) {
    const value = valueFrom(answer, from, json)
    if (value === undefined || !isSendable(value)) {
      value?.fill(0)
      return { values, missing: name }
    }
    values.set(name, value)
  }
  return { values }
}

function valueFrom(answer: StepAnswer, from: string, json: Map<string, ScannedValue> | undefined): Buffer | undefined {
  if (from === 'body') return trimmed(answer.body)
  if (from.startsWith('header:')) return textBytes(headersOf(answer, from.slice('header:'.length))[0])
  if (from.startsWith('cookie:')) return textBytes(cookieOf(answer, from.slice('cookie:'.length)))
  const found = json?.get(from)
  if (found?.kind === 'string') return found.bytes
  return found?.kind === 'number' ? Buffer.from(found.text) : undefined
}

function headersOf({ headers }: StepAnswer, name: string): string[] {
  return headers.filter(([given]) => given.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
}

/** RFC 6265 §5.2: the value ends at the first semicolon; names differ by case. A later cookie replaces an earlier one. */
function cookieOf(answer: StepAnswer, name: string): string | undefined {
  const values = headersOf(answer, 'set-cookie').flatMap((cookie) => {
    const [pair = ''] = cookie.split(';')
    const equals = pair.indexOf('=')
    return pair.slice(0, equals).trim() === name ? [pair.slice(equals + 1).trim()] : []
  })
  return values.at(-1)
}

/** Headers come as strings from the parser of HTTP: what is made of them is bytes all the same. */
function textBytes(text: string | undefined): Buffer | undefined {
  if (text === undefined) return undefined
  const source = Buffer.from(text, 'latin1')
  const copy = secretConcat([source])
  source.fill(0)
  return copy
}

function trimmed(body: Buffer): Buffer {
  const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
  let start = 0
  let end = body.byteLength
  while (start < end && isSpace(body[start])) start++
  while (end > start && isSpace(body[end - 1])) end--
  return secretConcat([body.subarray(start, end)])
}

function isSendable(value: Uint8Array): boolean {
  return value.byteLength > 0 && value.byteLength <= MOST_BYTES && isHeaderText(value)
}

/** Seconds until the result of this step ends; undefined when it does not say. */
export function lifeOf(step: RecipeStep, answer: StepAnswer, now: number): number | undefined {
  const { expiresIn, expiresAt } = step
  if (typeof expiresIn === 'number') return expiresIn
  const pointers = [expiresIn, expiresAt].filter((pointer) => pointer !== undefined)
  if (pointers.length === 0) return undefined
  const json = scanJson(answer.body, pointers)
  const stated = expiresIn === undefined ? undefined : Number(textAt(json, expiresIn))
  const lifeS = stated ?? (endAt(textAt(json, expiresAt ?? '')) - now) / 1000
  return lifeS > 0 && lifeS <= MOST_LIFE_S ? lifeS : undefined
}

function textAt(json: Map<string, ScannedValue> | undefined, pointer: string): string {
  const value = json?.get(pointer)
  if (value === undefined || value.kind === 'container') return ''
  return value.kind === 'string' ? value.bytes.toString('utf8') : value.text
}

/** Beyond the year 5138 a number of seconds is one of milliseconds. */
const MOST_SECONDS = 1e11

function endAt(text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) return Date.parse(text)
  const stated = Number(text)
  return stated > MOST_SECONDS ? stated : stated * 1000
}

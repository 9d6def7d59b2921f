import { newPlaceholder, type SwappedSecret } from '@credence/egress'
import { CodedError } from '@credence/errors'
import { fillUrl, type Recipe } from '@credence/provider'
import type { NamedTemplate, RecipeStep, StepBody } from '@credence/provider/renewal'
import { secretConcat } from '@credence/secret'
import type { Random } from '@credence/service'
import { percentEncoded } from '../credential/encode-bytes.ts'
import { asIs, type Encode, jsonEscaped, xmlEscaped } from '../credential/escape.ts'
import { filled, partsOf, type Values } from './fill.ts'

/** One call of an exchange: placeholders where values go, and their bytes. Disposing wipes every one of them. */
export interface StepRequest extends Disposable {
  readonly url: string
  readonly headers: readonly (readonly [string, string])[]
  readonly secrets: readonly SwappedSecret[]
  readonly body?: Buffer
}

interface Context {
  readonly recipe: Recipe
  readonly plain: Readonly<Record<string, string>>
  readonly values: Values
  readonly random: Random
}

/** Fills a step. Values become bytes of the body, and placeholders everywhere else. */
export function stepRequest(step: RecipeStep, context: Context): StepRequest {
  const secrets: SwappedSecret[] = []
  const swap = (bytes: Buffer): string => {
    const placeholder = newPlaceholder(context.random)
    secrets.push({ placeholder, bytes })
    return placeholder
  }
  const url = withQuery(pathOf(step, context, swap), step.query, ({ value }) => swap(filled(value, context.values, percentEncoded)))
  const headers = step.headers.map(({ name, value }): [string, string] => {
    const isLiteral = partsOf(value).every((part) => 'literal' in part)
    return [name.toLowerCase(), isLiteral ? value : swap(filled(value, context.values))]
  })
  const body = step.body === undefined ? undefined : bodyOf(step.body, headers, context.values)
  const wipe = (): void => {
    body?.fill(0)
    for (const { bytes } of secrets) bytes.fill(0)
  }
  return {
    url,
    headers: withDefaults(headers, step.body),
    secrets,
    ...(body === undefined ? {} : { body }),
    [Symbol.dispose]: wipe,
  }
}

/** Earlier results stand in the path as placeholders: a value that was obtained is nobody's plain field. */
function pathOf(step: RecipeStep, { recipe, plain, values }: Context, swap: (bytes: Buffer) => string): string {
  const fields = new Set(recipe.fields.map(({ name }) => name))
  const results = [...values].filter(([name]) => !fields.has(name) && step.url.includes(`{{${name}}}`))
  const places = results.map(([name, value]): [string, string] => {
    if (isDots(value)) throw new CodedError('TOKEN_ANSWER_UNUSABLE', 'An obtained value would climb out of its path.')
    return [name, swap(percentEncoded(value))]
  })
  return fillUrl(recipe, step.url, { ...plain, ...Object.fromEntries(places) })
}

function isDots(value: Uint8Array): boolean {
  return value.byteLength <= 2 && value.every((byte) => byte === 0x2e)
}

function withQuery(url: string, query: readonly NamedTemplate[], fill: (one: NamedTemplate) => string): string {
  if (query.length === 0) return url
  const added = query.map((one) => `${encodeURIComponent(one.name)}=${fill(one)}`).join('&')
  return `${url}${url.includes('?') ? '&' : '?'}${added}`
}

const TYPES: Readonly<Record<StepBody['kind'], string>> = {
  form: 'application/x-www-form-urlencoded',
  json: 'application/json',
  text: 'text/plain; charset=utf-8',
}

function withDefaults(headers: readonly (readonly [string, string])[], body: StepBody | undefined): (readonly [string, string])[] {
  const given = new Set(headers.map(([name]) => name))
  const defaults: (readonly [string, string])[] = [
    ...(body === undefined ? [] : [['content-type', TYPES[body.kind]] as const]),
    ['accept', 'application/json'],
    ['user-agent', 'credence'],
  ]
  return [...defaults.filter(([name]) => !given.has(name)), ...headers, ['accept-encoding', 'identity']]
}

function bodyOf(body: StepBody, headers: readonly (readonly [string, string])[], values: Values): Buffer {
  switch (body.kind) {
    case 'form':
      return joined(body.values.map(({ name, value }) => [Buffer.from(`${encodeURIComponent(name)}=`), formValue(value, values)]))
    case 'json':
      return jsonBytes(body.value, values)
    case 'text':
      return filled(body.value, values, escapeFor(headers.find(([name]) => name === 'content-type')?.[1] ?? ''))
  }
}

/** Literals of a form are encoded as values are. */
function formValue(text: string, values: Values): Buffer {
  const whole = filled(text, values)
  const encoded = percentEncoded(whole)
  whole.fill(0)
  return encoded
}

function joined(pairs: readonly (readonly Buffer[])[]): Buffer {
  const whole = secretConcat(pairs.flatMap((pair, i) => (i === 0 ? pair : [Buffer.from('&'), ...pair])))
  for (const part of pairs.flat()) part.fill(0)
  return whole
}

function escapeFor(contentType: string): Encode {
  if (/xml/i.test(contentType)) return xmlEscaped
  if (/json/i.test(contentType)) return jsonEscaped
  return /x-www-form-urlencoded/i.test(contentType) ? percentEncoded : asIs
}

/** JSON with the values in its texts; names of members stand as they are. */
export function jsonBytes(value: unknown, values: Values): Buffer {
  if (typeof value === 'string') return jsonText(value, values)
  if (typeof value !== 'object' || value === null) return Buffer.from(JSON.stringify(value))
  const isList = Array.isArray(value)
  const items = Object.entries(value).map(([name, item], i) => {
    const before = Buffer.from(`${i === 0 ? '' : ','}${isList ? '' : `${JSON.stringify(name)}:`}`)
    return [before, jsonBytes(item, values)]
  })
  const whole = secretConcat([Buffer.from(isList ? '[' : '{'), ...items.flat(), Buffer.from(isList ? ']' : '}')])
  for (const part of items.flat()) part.fill(0)
  return whole
}

function jsonText(text: string, values: Values): Buffer {
  const parts = partsOf(text).map((part) => {
    if ('literal' in part) return Buffer.from(JSON.stringify(part.literal).slice(1, -1))
    const value = values.get(part.field)
    return value === undefined ? Buffer.alloc(0) : jsonEscaped(value)
  })
  const whole = secretConcat([Buffer.from('"'), ...parts, Buffer.from('"')])
  for (const part of parts) part.fill(0)
  return whole
}

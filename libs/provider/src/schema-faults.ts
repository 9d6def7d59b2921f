import type { Fault } from '@credence/errors'
import { compileSchema, type ErrorObject } from './compile-schema.ts'
import { nearest } from './nearest.ts'
import { pointerTo } from './pointer.ts'
import { PROVIDER_SCHEMA } from './schema.ts'

const validate = compileSchema(PROVIDER_SCHEMA)

/** More than any person corrects, and few enough that a payload of nothing but faults costs little. */
export const MAX_SCHEMA_FAULTS = 1000

/** Everything in `value` that the published schema refuses, up to MAX_SCHEMA_FAULTS. */
export function schemaFaults(value: unknown): Fault[] {
  if (validate(value)) return []
  // A name that is refused comes twice: as what is wrong with it, and as the fact that its object has such a name.
  const errors = (validate.errors ?? []).filter(({ keyword }) => keyword !== 'propertyNames')
  return errors.slice(0, MAX_SCHEMA_FAULTS).map((error) => ({ pointer: pointerOf(error), ...sentenceOf(error) }))
}

type Params = Readonly<Record<string, unknown>>
type Parent = {
  readonly properties?: Readonly<Record<string, { description?: string; $ref?: string }>>
  readonly description?: string
  readonly examples?: readonly string[]
}
type Sentence = Omit<Fault, 'pointer'>

function pointerOf(error: ErrorObject): string {
  const params: Params = error.params
  if (error.keyword === 'required') return pointerTo(error.instancePath, String(params.missingProperty))
  if (error.propertyName !== undefined) return pointerTo(error.instancePath, error.propertyName)
  if (error.keyword === 'additionalProperties') return pointerTo(error.instancePath, String(params.additionalProperty))
  return error.instancePath
}

function sentenceOf(error: ErrorObject): Sentence {
  const params: Params = error.params
  const parent = (error.parentSchema ?? {}) as Parent
  switch (error.keyword) {
    case 'required':
      return missing(String(params.missingProperty), parent)
    case 'additionalProperties':
      return unknownMember(String(params.additionalProperty), parent)
    case 'type':
      return {
        code: 'WRONG_TYPE',
        detail: `Write ${TYPE_NAMES[String(params.type)] ?? parent.description}, not ${typeNameOf(error.data)}.`,
      }
    case 'enum':
      return notAllowed(error.data, (params.allowedValues as readonly unknown[]).map(String))
    case 'uniqueItems':
      return { code: 'DUPLICATE', detail: 'Write each item once.' }
    case 'minLength':
    case 'minItems':
      return {
        code: 'TOO_SHORT',
        detail: `Write at least one ${error.keyword === 'minItems' ? 'item' : 'character'}: ${parent.description}.`,
      }
    case 'maxLength':
    case 'maxItems':
    case 'maxProperties':
      return { code: 'TOO_LONG', detail: `Write at most ${params.limit} ${error.keyword === 'maxLength' ? 'characters' : 'of them'}.` }
    case 'minimum':
    case 'maximum':
      return {
        code: 'INVALID_VALUE',
        detail: `Write a number that is ${error.keyword === 'minimum' ? 'at least' : 'at most'} ${params.limit}.`,
      }
    default:
      return { code: 'INVALID_VALUE', detail: `Write ${parent.description}${exampleOf(parent)}.` }
  }
}

function exampleOf(schema: Parent): string {
  const example = schema.examples?.[0]
  return example === undefined ? '' : `, like \`${example}\``
}

function missing(name: string, parent: Parent): Sentence {
  const property = parent.properties?.[name]
  return {
    code: 'MISSING',
    detail: `Add \`${name}\`: ${property?.description ?? 'it is needed here'}${property === undefined ? '' : exampleOf(property)}.`,
  }
}

function unknownMember(name: string, parent: Parent): Sentence {
  if ((name === 'sign' || name === 'steps') && parent.properties?.auth_patterns !== undefined)
    return { code: 'NOT_ALLOWED', detail: 'Move it into the patterns that it is for.' }
  const known = Object.keys(parent.properties ?? {})
  const near = nearest(name, known)
  const write = near === undefined ? `Write one of ${known.map(quoted).join(', ')}` : `Write ${quoted(near)}`
  return { code: 'UNKNOWN_MEMBER', detail: `${write}, or begin the name with \`x-\` to keep a member of your own.` }
}

function notAllowed(value: unknown, allowed: readonly string[]): Sentence {
  const near = typeof value === 'string' ? nearest(value, allowed) : undefined
  const all = allowed.map(quoted).join(', ')
  return { code: 'NOT_ALLOWED', detail: near === undefined ? `Write one of ${all}.` : `Write ${quoted(near)}; allowed are ${all}.` }
}

function quoted(text: string): string {
  return `\`${text}\``
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'a string',
  boolean: 'true or false',
  integer: 'a whole number',
  'string,integer': 'a string or a whole number',
  'string,number,boolean': 'a string, a number, true or false',
  object: 'an object',
  array: 'a list',
}

function typeNameOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

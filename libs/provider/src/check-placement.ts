import { declaredFields, obtainedNames } from './declared-fields.ts'
import type { Draft, Report } from './draft.ts'
import { headerProblem } from './header-name.ts'
import { nearest } from './nearest.ts'
import { type AuthPattern, MUTABLE_FIELDS, type PayloadHeader } from './payload.ts'
import { keyFieldsOf } from './sign/sign-keys.ts'
import { fieldsIn, parseTemplate } from './template.ts'

/** The field that each type places by itself. */
const MAIN_FIELD: Readonly<Record<string, 'username' | 'token' | 'api_key'>> = { BASIC: 'username', BEARER: 'token', API_KEY: 'api_key' }
const ELSEWHERE = ['auth_header_key_override', 'auth_query_key', 'auth_cookie_key'] as const

interface Scene {
  readonly pattern: Draft<AuthPattern>
  readonly at: string
  /** The pattern's fields could be read: only then is something said to be missing from them. */
  readonly fieldsKnown: boolean
  readonly report: Report
}

/** Where the secret goes: one place, by a name that may be set, made of fields that exist. */
export function checkPlacement(scene: Scene): void {
  const { pattern, at, report } = scene
  checkOwnPlace(scene)
  checkMainField(scene)
  pattern.headers?.forEach((header, i) => {
    if (header !== undefined) checkHeader(scene, header, `${at}/headers/${i}`)
  })
  checkRepeatedHeaders(scene)
  checkMutations(scene)
  const isSent = pattern.sign !== undefined || obtainedNames(pattern).includes('access_token')
  const sendsNothing = pattern.type === 'CUSTOM' && pattern.steps !== undefined && !isSent
  if ((pattern.type === 'CUSTOM_HEADER' || sendsNothing) && (pattern.headers === undefined || pattern.headers.length === 0)) {
    report({ pointer: `${at}/headers`, code: 'MISSING', detail: 'Add `headers`: the headers that carry the credential.' })
  }
}

function checkOwnPlace({ pattern, at, report }: Scene): void {
  const given = ELSEWHERE.filter((name) => pattern[name] !== undefined)
  for (const name of given.slice(1)) {
    report({ pointer: `${at}/${name}`, code: 'NOT_ALLOWED', detail: `Keep one of ${ELSEWHERE.map((n) => `\`${n}\``).join(', ')}.` })
  }
  if (pattern.type === undefined) return
  for (const name of given) {
    const types =
      name === 'auth_header_key_override' ? ['OAUTH', 'BASIC', 'BEARER', 'API_KEY', 'CUSTOM', 'THIRDPARTY'] : ['API_KEY', 'CUSTOM']
    if (types.includes(pattern.type)) continue
    report({
      pointer: `${at}/${name}`,
      code: 'NOT_ALLOWED',
      detail: `Remove it, or use the type ${types.join(', ')}; this type has no such place.`,
    })
  }
  const name = pattern.auth_header_key_override
  const sentence = name === undefined ? undefined : headerProblem(name)
  if (sentence !== undefined) report({ pointer: `${at}/auth_header_key_override`, code: 'RESERVED_NAME', detail: sentence })
}

function checkMainField({ pattern, at, fieldsKnown, report }: Scene): void {
  const main = MAIN_FIELD[pattern.type ?? '']
  if (main === undefined || !fieldsKnown || hasOwnHeader(pattern)) return
  const names = declaredFields(pattern)
  if (names.includes(main) || (main === 'username' && pattern.auth_field_mutations?.username?.default)) return
  const near = nearest(main, names)
  const rename = near === undefined ? '' : `, or rename \`${near}\` to it`
  const detail = `Add the field \`${main}\`${rename}; ${pattern.type} sends it. \`headers\` can say otherwise.`
  report({ pointer: `${at}/fields`, code: 'MISSING', detail })
}

/** True when `headers` writes the header that the type would write: it then says all of it. */
export function hasOwnHeader(pattern: Draft<AuthPattern>): boolean {
  if (pattern.auth_query_key !== undefined || pattern.auth_cookie_key !== undefined) return false
  const own = (pattern.auth_header_key_override ?? 'Authorization').toLowerCase()
  return pattern.headers?.some((header) => header?.name?.toLowerCase() === own) ?? false
}

function checkHeader(scene: Scene, header: Draft<PayloadHeader>, at: string): void {
  const { pattern, fieldsKnown, report } = scene
  const sentence = header.name === undefined ? undefined : headerProblem(header.name)
  if (sentence !== undefined) report({ pointer: `${at}/name`, code: 'RESERVED_NAME', detail: sentence })
  if (header.value === undefined) return
  const parts = parseTemplate(header.value)
  if (parts === undefined) {
    report({ pointer: `${at}/value`, code: 'INVALID_VALUE', detail: 'Write a field as `{{name}}`; single braces have no place here.' })
    return
  }
  const names = fieldsIn(parts)
  const known = [...declaredFields(pattern), ...obtainedNames(pattern)]
  for (const name of names.filter((n) => fieldsKnown && !known.includes(n))) {
    const near = nearest(name, known)
    const instead =
      near === undefined ? `Declare the field \`${name}\` in \`fields\`` : `Write \`{{${near}}}\`, or declare the field \`${name}\``
    report({ pointer: `${at}/value`, code: 'UNDECLARED_FIELD', detail: `${instead}; nothing fills it now.` })
  }
  if (pattern.type === 'NONE' && names.length > 0) {
    report({
      pointer: `${at}/value`,
      code: 'NOT_ALLOWED',
      detail: 'Write the type CUSTOM_HEADER for a header that takes a field; NONE sends no credential.',
    })
  }
  checkSecrecy({ header, names, at, scene })
}

function checkSecrecy({
  header,
  names,
  at,
  scene,
}: {
  header: Draft<PayloadHeader>
  names: readonly string[]
  at: string
  scene: Scene
}): void {
  const pointer = `${at}/secret`
  if (header.secret === true && names.length === 0) {
    scene.report({ pointer, code: 'SECRET_SHOWN', detail: 'Take the value from a field; what is written in a payload is readable.' })
  }
  if (header.secret === false && names.some((name) => isSecretField(scene.pattern, name))) {
    scene.report({ pointer, code: 'SECRET_SHOWN', detail: 'Write true; this value is the credential itself.' })
  }
}

/** Fields whose values are secrets by their very name or input, and those that keys are made of. */
export function isSecretField(pattern: Draft<AuthPattern>, name: string): boolean {
  if (['token', 'api_key', 'password', 'access_token', 'client_secret', 'private_key'].includes(name)) return true
  if (keyFieldsOf(pattern.sign).includes(name) || obtainedNames(pattern).includes(name)) return true
  return pattern.fields?.some((field) => field?.field_name === name && field.input_type === 'password') ?? false
}

function checkRepeatedHeaders({ pattern, at, report }: Scene): void {
  const seen = new Set<string>()
  pattern.headers?.forEach((header, i) => {
    const name = header?.name?.toLowerCase()
    if (name === undefined) return
    if (seen.has(name))
      report({ pointer: `${at}/headers/${i}/name`, code: 'DUPLICATE', detail: 'Write each header once; names do not differ by case.' })
    seen.add(name)
  })
}

/** A mutation of a value that goes nowhere is a typing error in its name. */
function checkMutations({ pattern, at, fieldsKnown, report }: Scene): void {
  if (pattern.type === undefined || !fieldsKnown) return
  const own: Readonly<Record<string, readonly string[]>> = { BASIC: ['username', 'password'], BEARER: ['token'], API_KEY: ['api_key'] }
  const placed = [
    ...(hasOwnHeader(pattern) ? [] : (own[pattern.type] ?? [])),
    ...(pattern.headers ?? []).flatMap((header) => fieldsIn(parseTemplate(header?.value ?? '') ?? [])),
  ]
  for (const name of Object.keys(pattern.auth_field_mutations ?? {})) {
    if (placed.includes(name) || !MUTABLE_FIELDS.some((mutable) => mutable === name)) continue
    report({
      pointer: `${at}/auth_field_mutations/${name}`,
      code: 'NOT_ALLOWED',
      detail: `Remove it; ${pattern.type} does not send \`${name}\` here.`,
    })
  }
}

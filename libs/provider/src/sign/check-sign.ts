import { declaredFields } from '../check-urls.ts'
import type { Draft, Report } from '../draft.ts'
import { headerProblem } from '../header-name.ts'
import { nearest } from '../nearest.ts'
import type { AuthPattern } from '../payload.ts'
import { pointerTo } from '../pointer.ts'
import { checkSignTemplate, type Places } from './check-sign-template.ts'
import { DERIVED_COMPONENTS, type PayloadSign, type PayloadSignOutput, SIGN_KINDS } from './payload-sign.ts'
import { readSignTemplate } from './sign-template.ts'

interface Scene {
  readonly pattern: Draft<AuthPattern>
  /** Pointer to `sign`, then to the kind. */
  readonly at: string
  readonly fieldsKnown: boolean
  readonly report: Report
}

const SIGNED_TYPES: readonly string[] = ['API_KEY', 'BEARER', 'BASIC', 'CUSTOM_HEADER', 'CUSTOM']
/** The platform writes them by its clock and its chance. */
const OWN_CLAIMS: readonly string[] = ['iat', 'exp', 'nbf', 'jti']
/** What of a request may stand in what is signed, and in what is sent. */
const IN_MESSAGE: Places = {
  parts: ['method', 'path', 'query', 'target', 'url', 'host', 'timestamp', 'nonce', 'body', 'body_sha256', 'header'],
}
const IN_OUTPUT: Places = { parts: ['signature', 'timestamp', 'nonce', 'body_sha256'] }
const IN_TOKEN_OUTPUT: Places = { parts: ['token'] }
const FIELDS_ONLY: Places = { parts: [] }
const KEY: Places = { parts: [], isSecret: true }

/** What the schema cannot say of `sign`. */
export function checkSign(scene: Scene): void {
  const { pattern, at, report } = scene
  const { sign, type } = pattern
  if (sign === undefined) return
  if (type !== undefined && !SIGNED_TYPES.includes(type)) {
    report({ pointer: at, code: 'NOT_ALLOWED', detail: `Remove it, or use the type ${SIGNED_TYPES.join(', ')}; ${type} signs nothing.` })
  }
  const kinds = SIGN_KINDS.filter((kind) => sign[kind] !== undefined)
  if (kinds.length === 0) {
    report({ pointer: at, code: 'MISSING', detail: `Add one of ${SIGN_KINDS.map((kind) => `\`${kind}\``).join(', ')}.` })
  }
  for (const kind of kinds.slice(1)) report({ pointer: `${at}/${kind}`, code: 'NOT_ALLOWED', detail: 'Keep one kind of signature.' })
  for (const kind of kinds) CHECKS[kind](sign, { ...scene, at: `${at}/${kind}` })
}

const CHECKS: Readonly<Record<(typeof SIGN_KINDS)[number], (sign: Draft<PayloadSign>, scene: Scene) => void>> = {
  hmac({ hmac = {} }, scene) {
    template(scene, 'key', hmac.key, KEY)
    template(scene, 'message', hmac.message, IN_MESSAGE)
    checkOutputs(scene, hmac.headers, IN_OUTPUT)
    checkParameters(scene, hmac.query)
    const values = [...(hmac.headers ?? []), ...(hmac.query ?? [])].map((output) => output?.value)
    if (values.some((value) => value === undefined) || values.some((value) => takes(value, '@signature'))) return
    scene.report({ pointer: `${scene.at}/headers`, code: 'MISSING', detail: 'Add a header or parameter that takes `{{@signature}}`.' })
  },
  aws_sigv4({ aws_sigv4: sigV4 = {} }, scene) {
    for (const name of ['region', 'service', 'access_key_id'] as const) template(scene, name, sigV4[name], FIELDS_ONLY)
    template(scene, 'secret_access_key', sigV4.secret_access_key, KEY)
    template(scene, 'session_token', sigV4.session_token, KEY)
    if (sigV4.in !== 'query') {
      checkFree(scene, `${scene.at}/in`, 'Authorization')
      if (sigV4.expires_seconds === undefined) return
      scene.report({ pointer: `${scene.at}/expires_seconds`, code: 'NOT_ALLOWED', detail: 'Remove it, or write `"in": "query"`.' })
    }
  },
  jwt({ jwt = {} }, scene) {
    template(scene, 'key', jwt.key, KEY)
    for (const [name, value] of Object.entries(jwt.header ?? {})) {
      if (name === 'alg') reserved(scene, pointerTo(`${scene.at}/header`, name))
      template({ ...scene, at: pointerTo(`${scene.at}/header`, name) }, '', value, FIELDS_ONLY)
    }
    for (const [name, value] of Object.entries(jwt.claims ?? {})) checkClaim(scene, name, value)
    if (jwt.headers === undefined) checkFree(scene, `${scene.at}/headers`, 'Authorization')
    checkOutputs(scene, jwt.headers, IN_TOKEN_OUTPUT)
    if (jwt.headers === undefined || jwt.headers.some((output) => output?.value === undefined || takes(output.value, '@token'))) return
    scene.report({ pointer: `${scene.at}/headers`, code: 'MISSING', detail: 'Add a header that takes `{{@token}}`.' })
  },
  http_message({ http_message: message = {} }, scene) {
    template(scene, 'key', message.key, KEY)
    template(scene, 'keyid', message.keyid, FIELDS_ONLY)
    const seen = new Set<string>()
    message.components?.forEach((name, i) => {
      if (name !== undefined) checkComponent(scene, `${scene.at}/components/${i}`, { name: name.toLowerCase(), seen })
    })
  },
}

function template({ pattern, at, fieldsKnown, report }: Scene, member: string, text: string | undefined, places: Places): void {
  if (text === undefined) return
  const pointer = member === '' ? at : `${at}/${member}`
  checkSignTemplate({ text, pointer, known: fieldsKnown ? declaredFields(pattern) : undefined, places, report })
}

function takes(text: string | undefined, name: string): boolean {
  return readSignTemplate(text ?? '')?.some((part) => 'name' in part && part.name === name) ?? false
}

function checkOutputs(scene: Scene, outputs: Draft<readonly PayloadSignOutput[]> | undefined, places: Places): void {
  const seen = new Set<string>()
  outputs?.forEach((output, i) => {
    const at = `${scene.at}/headers/${i}`
    template({ ...scene, at }, 'value', output?.value, places)
    if (output?.name === undefined) return
    const sentence = headerProblem(output.name)
    if (sentence !== undefined) scene.report({ pointer: `${at}/name`, code: 'RESERVED_NAME', detail: sentence })
    if (seen.has(output.name.toLowerCase())) {
      scene.report({ pointer: `${at}/name`, code: 'DUPLICATE', detail: 'Write each header once; names do not differ by case.' })
    }
    seen.add(output.name.toLowerCase())
    checkFree(scene, `${at}/name`, output.name)
  })
}

function checkParameters(scene: Scene, outputs: Draft<readonly PayloadSignOutput[]> | undefined): void {
  const seen = new Set<string>(scene.pattern.auth_query_key === undefined ? [] : [scene.pattern.auth_query_key])
  outputs?.forEach((output, i) => {
    const at = `${scene.at}/query/${i}`
    template({ ...scene, at }, 'value', output?.value, IN_OUTPUT)
    if (output?.name === undefined) return
    if (seen.has(output.name)) scene.report({ pointer: `${at}/name`, code: 'DUPLICATE', detail: 'Write each parameter once.' })
    seen.add(output.name)
  })
}

/** Two writers of one header: one of them would be lost without a word. */
function checkFree({ pattern, report }: Scene, pointer: string, header: string): void {
  const own = (pattern.auth_header_key_override ?? 'Authorization').toLowerCase()
  const elsewhere = pattern.auth_query_key !== undefined || pattern.auth_cookie_key !== undefined
  const byType = !elsewhere && ['API_KEY', 'BEARER', 'BASIC'].includes(pattern.type ?? '') && own === header.toLowerCase()
  const byHeaders = pattern.headers?.some((given) => given?.name?.toLowerCase() === header.toLowerCase()) ?? false
  if (!byType && !byHeaders) return
  const writer = byHeaders ? '`headers` writes' : `the type ${pattern.type} writes`
  report({ pointer, code: 'DUPLICATE', detail: `Let the signature write another header than \`${header}\`: ${writer} this one.` })
}

function checkClaim(scene: Scene, name: string, value: unknown): void {
  const pointer = pointerTo(`${scene.at}/claims`, name)
  if (OWN_CLAIMS.includes(name)) reserved(scene, pointer)
  if (typeof value === 'string') template({ ...scene, at: pointer }, '', value, FIELDS_ONLY)
  if (!Array.isArray(value)) return
  value.forEach((item, i) => {
    if (typeof item === 'string') template({ ...scene, at: `${pointer}/${i}` }, '', item, FIELDS_ONLY)
  })
}

function reserved({ report }: Scene, pointer: string): void {
  report({ pointer, code: 'RESERVED_NAME', detail: 'Remove it; the platform writes this member itself.' })
}

function checkComponent({ report }: Scene, pointer: string, { name, seen }: { name: string; seen: Set<string> }): void {
  if (seen.has(name)) report({ pointer, code: 'DUPLICATE', detail: 'Write each component once.' })
  seen.add(name)
  if (!name.startsWith('@') || DERIVED_COMPONENTS.some((known) => known === name)) return
  const near = nearest(name, DERIVED_COMPONENTS)
  const all = DERIVED_COMPONENTS.map((known) => `\`${known}\``).join(', ')
  report({ pointer, code: 'NOT_ALLOWED', detail: near === undefined ? `Write one of ${all}.` : `Write \`${near}\`; allowed are ${all}.` })
}

import type { Draft } from '../draft.ts'
import { nearest } from '../nearest.ts'
import { pointerTo } from '../pointer.ts'
import { checkFree, checkOutputs, checkParameters, checkTemplate, type SignScene, takes } from './check-sign-outputs.ts'
import type { Places } from './check-sign-template.ts'
import { DERIVED_COMPONENTS, type PayloadSign, SIGN_KINDS } from './payload-sign.ts'

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
export function checkSign(scene: SignScene): void {
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

const CHECKS: Readonly<Record<(typeof SIGN_KINDS)[number], (sign: Draft<PayloadSign>, scene: SignScene) => void>> = {
  hmac: checkHmac,
  aws_sigv4: checkSigV4,
  jwt: checkJwt,
  http_message: checkHttpMessage,
}

function checkHmac({ hmac = {} }: Draft<PayloadSign>, scene: SignScene): void {
  checkTemplate(scene, 'key', hmac.key, KEY)
  checkTemplate(scene, 'message', hmac.message, IN_MESSAGE)
  checkOutputs(scene, hmac.headers, IN_OUTPUT)
  checkParameters(scene, hmac.query, IN_OUTPUT)
  const values = [...(hmac.headers ?? []), ...(hmac.query ?? [])].map((output) => output?.value)
  if (values.some((value) => value === undefined) || values.some((value) => takes(value, '@signature'))) return
  scene.report({ pointer: `${scene.at}/headers`, code: 'MISSING', detail: 'Add a header or parameter that takes `{{@signature}}`.' })
}

function checkSigV4({ aws_sigv4: sigV4 = {} }: Draft<PayloadSign>, scene: SignScene): void {
  for (const name of ['region', 'service', 'access_key_id'] as const) checkTemplate(scene, name, sigV4[name], FIELDS_ONLY)
  checkTemplate(scene, 'secret_access_key', sigV4.secret_access_key, KEY)
  checkTemplate(scene, 'session_token', sigV4.session_token, KEY)
  if (sigV4.in !== 'query') {
    checkFree(scene, `${scene.at}/in`, 'Authorization')
    if (sigV4.expires_seconds === undefined) return
    scene.report({ pointer: `${scene.at}/expires_seconds`, code: 'NOT_ALLOWED', detail: 'Remove it, or write `"in": "query"`.' })
  }
}

function checkJwt({ jwt = {} }: Draft<PayloadSign>, scene: SignScene): void {
  checkTemplate(scene, 'key', jwt.key, KEY)
  for (const [name, value] of Object.entries(jwt.header ?? {})) {
    if (name === 'alg') reserved(scene, pointerTo(`${scene.at}/header`, name))
    checkTemplate({ ...scene, at: pointerTo(`${scene.at}/header`, name) }, '', value, FIELDS_ONLY)
  }
  for (const [name, value] of Object.entries(jwt.claims ?? {})) checkClaim(scene, name, value)
  if (jwt.headers === undefined) checkFree(scene, `${scene.at}/headers`, 'Authorization')
  checkOutputs(scene, jwt.headers, IN_TOKEN_OUTPUT)
  if (jwt.headers === undefined || jwt.headers.some((output) => output?.value === undefined || takes(output.value, '@token'))) return
  scene.report({ pointer: `${scene.at}/headers`, code: 'MISSING', detail: 'Add a header that takes `{{@token}}`.' })
}

function checkHttpMessage({ http_message: message = {} }: Draft<PayloadSign>, scene: SignScene): void {
  checkTemplate(scene, 'key', message.key, KEY)
  checkTemplate(scene, 'keyid', message.keyid, FIELDS_ONLY)
  const seen = new Set<string>()
  message.components?.forEach((name, i) => {
    if (name !== undefined) checkComponent(scene, `${scene.at}/components/${i}`, { name: name.toLowerCase(), seen })
  })
}

function checkClaim(scene: SignScene, name: string, value: unknown): void {
  const pointer = pointerTo(`${scene.at}/claims`, name)
  if (OWN_CLAIMS.includes(name)) reserved(scene, pointer)
  if (typeof value === 'string') checkTemplate({ ...scene, at: pointer }, '', value, FIELDS_ONLY)
  if (!Array.isArray(value)) return
  value.forEach((item, i) => {
    if (typeof item === 'string') checkTemplate({ ...scene, at: `${pointer}/${i}` }, '', item, FIELDS_ONLY)
  })
}

function reserved({ report }: SignScene, pointer: string): void {
  report({ pointer, code: 'RESERVED_NAME', detail: 'Remove it; the platform writes this member itself.' })
}

function checkComponent({ report }: SignScene, pointer: string, { name, seen }: { name: string; seen: Set<string> }): void {
  if (seen.has(name)) report({ pointer, code: 'DUPLICATE', detail: 'Write each component once.' })
  seen.add(name)
  if (!name.startsWith('@') || DERIVED_COMPONENTS.some((known) => known === name)) return
  const near = nearest(name, DERIVED_COMPONENTS)
  const all = DERIVED_COMPONENTS.map((known) => `\`${known}\``).join(', ')
  report({ pointer, code: 'NOT_ALLOWED', detail: near === undefined ? `Write one of ${all}.` : `Write \`${near}\`; allowed are ${all}.` })
}

import type { Fault } from '@credence/errors'
import type { AuthPattern, ProviderPayload } from './payload.ts'
import { placementsOf } from './placements.ts'
import { probeOf } from './probe-of.ts'
import { recipeFields } from './recipe-fields.ts'
import { renewalOf } from './renewal-of.ts'
import { fieldsOfRenewal } from './renewal-templates.ts'
import { fieldsOfSegments } from './segments.ts'
import type { PayloadSigV4 } from './sign/payload-sign.ts'
import { fieldsOfSign } from './sign/recipe-sign.ts'
import { keyFieldsOf } from './sign/sign-keys.ts'
import { signOf } from './sign/sign-of.ts'
import { signsIn } from './signs-in.ts'

/** What is allowed and yet is seldom meant. */
export function reviewWarnings(payload: ProviderPayload, nameTaken: boolean): readonly Fault[] {
  const warnings: Fault[] = []
  const warn = (pointer: string, code: string, detail: string): void => {
    warnings.push({ pointer, code, detail })
  }
  if (nameTaken) warn('/display_name', 'NAME_TAKEN', 'Another provider of the project has this name; people cannot tell them apart.')
  if (!payload.proxy_enabled) warn('/proxy_enabled', 'PROXY_DISABLED', 'Calls through the proxy are refused until this is true.')
  if (payload.proxy_url.startsWith('http:')) warn('/proxy_url', 'NOT_ENCRYPTED', 'Secrets travel unencrypted to this address.')
  if (payload.description === undefined) warn('/description', 'NO_DESCRIPTION', 'People see only the name when they choose.')
  const labels = new Set<string>()
  payload.auth_patterns.forEach((pattern, index) => {
    const at = `/auth_patterns/${index}`
    const shownAs = pattern.display_name ?? pattern.type
    if (labels.has(shownAs)) warn(`${at}/display_name`, 'SAME_NAME', 'Two options have the same name on the connect page.')
    labels.add(shownAs)
    if (pattern.type !== 'NONE' && probeOf(payload, index) === undefined) {
      warn(`${at}/verify`, 'NO_VERIFY', 'A wrong value shows at the first call only; `verify` names a call that proves it.')
    }
    const isSpent = signsIn(pattern) && pattern.native_config?.exchange === undefined
    if (isSpent && (pattern.refresh ?? payload.refresh) === undefined) {
      warn(`${at}/refresh`, 'NO_REFRESH_CLASS', 'Refresh tokens are treated as strict: after a lost answer the person signs in again.')
    }
    for (const name of sentKeys(pattern)) {
      warn(`${at}/sign`, 'KEY_SENT', `The field \`${name}\` is a key and is sent as well: whoever reads a request can sign others.`)
    }
    for (const [member, detail] of refusedByS3(pattern.sign?.aws_sigv4)) warn(`${at}/sign/aws_sigv4/${member}`, 'REFUSED_BY_S3', detail)
    if (pattern.steps !== undefined && !pattern.steps.some((step) => step.expires_in !== undefined || step.expires_at !== undefined)) {
      warn(`${at}/steps`, 'NO_EXPIRY', 'Nothing says when the result ends: it is renewed once a day, and after a 401.')
    }
    for (const name of unusedFields(payload, pattern, index)) {
      warn(`${at}/fields`, 'UNUSED_FIELD', `The field \`${name}\` is asked for and goes nowhere.`)
    }
  })
  return warnings
}

/** S3 differs from the other services of AWS: it takes the path as it is sent, and wants to be told of the body. */
function refusedByS3(sign: PayloadSigV4 | undefined): readonly (readonly [member: string, detail: string])[] {
  if (sign?.service !== 's3') return []
  const path = ['path_encoding', 'S3 takes paths that are encoded once: write `single`.'] as const
  const header = ['content_sha256', 'S3 wants the digest of the body: write `true`.'] as const
  const query = ['unsigned_payload', 'S3 takes no signed body with a signature in the query: write `true`.'] as const
  const isTold = sign.unsigned_payload === true || (sign.in !== 'query' && sign.content_sha256 === true)
  const body = sign.in === 'query' ? query : header
  return [...(sign.path_encoding === 'single' ? [] : [path]), ...(isTold ? [] : [body])]
}

/** A key that only signs stays here; one that travels is as good as a password. */
function sentKeys(pattern: AuthPattern): readonly string[] {
  const sign = signOf(pattern.sign)
  const outputs = sign !== undefined && 'headers' in sign ? sign.headers : []
  const sent = new Set([
    ...placementsOf(pattern).flatMap(({ value }) => fieldsOfSegments(value)),
    ...outputs.flatMap(({ value }) => value.flatMap((part) => ('field' in part ? [part.field] : []))),
  ])
  return keyFieldsOf(pattern.sign).filter((name) => sent.has(name) && name !== 'session_token')
}

function unusedFields(payload: ProviderPayload, pattern: AuthPattern, index: number): readonly string[] {
  const sign = signOf(pattern.sign)
  const signed = sign === undefined ? [] : fieldsOfSign(sign)
  const renewal = renewalOf(payload, index)
  const exchanged = renewal === undefined ? [] : fieldsOfRenewal(renewal)
  const placed = new Set([...placementsOf(pattern).flatMap(({ value }) => fieldsOfSegments(value)), ...signed, ...exchanged])
  return recipeFields(payload, index).flatMap((field) => (field.plain || placed.has(field.name) ? [] : [field.name]))
}

import { checkClientFields } from './check-client-fields.ts'
import { checkNative } from './check-native.ts'
import { checkOAuth } from './check-oauth.ts'
import { checkPlacement, isSecretField } from './check-placement.ts'
import { checkSteps } from './check-steps.ts'
import { fieldsOfUrl } from './check-urls.ts'
import { obtainedNames } from './declared-fields.ts'
import type { Broken, Draft, Report } from './draft.ts'
import type { AuthPattern, PayloadBehaviour, ProviderPayload } from './payload.ts'
import { checkSign } from './sign/check-sign.ts'
import { hasOAuth } from './signs-in.ts'
import { urlMembers } from './url-members.ts'
import { parseUrlTemplate } from './url-template.ts'

/** What the schema cannot say of one pattern. */
export function checkPattern(payload: Draft<ProviderPayload>, index: number, how: { report: Report; broken: Broken }): void {
  const pattern = payload.auth_patterns?.[index]
  if (pattern === undefined) return
  const at = `/auth_patterns/${index}`
  const { report, broken } = how
  const fieldsKnown = !broken(`${at}/fields`) && !broken(`${at}/account_fields`)
  checkPlacement({ pattern, at, report, fieldsKnown })
  checkSign({ pattern, at: `${at}/sign`, report, fieldsKnown })
  checkFields(pattern, at, report)
  checkShownFields(payload, index, report)
  // Which members belong to a grant depends on its type.
  if (!broken(`${at}/oauth_config/grant_type`)) checkOAuth(payload, pattern, { at, report, fieldsKnown })
  checkClientFields(pattern, at, report)
  checkNative(pattern, at, report)
  checkSteps(pattern, { at, report, fieldsKnown })
  checkBehaviour(pattern, at, report)
}

function checkFields(pattern: Draft<AuthPattern>, at: string, report: Report): void {
  const seen = new Set<string>()
  for (const member of ['fields', 'account_fields'] as const) {
    pattern[member]?.forEach((field, i) => {
      const name = field?.field_name
      if (name === undefined) return
      const pointer = `${at}/${member}/${i}/field_name`
      if (seen.has(name)) report({ pointer, code: 'DUPLICATE', detail: 'Write another name; a field of this name is declared already.' })
      seen.add(name)
      if (hasOAuth(pattern) && name === 'access_token') {
        report({ pointer, code: 'RESERVED_NAME', detail: 'Write another name; `access_token` is what the grant brings.' })
      }
      if (member === 'account_fields' && (field?.input_type === 'password' || isSecretField({ sign: pattern.sign }, name))) {
        report({ pointer, code: 'SECRET_SHOWN', detail: 'Move it to `fields`; values of `account_fields` are shown to the owner.' })
      }
    })
  }
}

/** Values that stand in a URL are kept readable, so a secret cannot be one of them. */
function checkShownFields(payload: Draft<ProviderPayload>, index: number, report: Report): void {
  const pattern = payload.auth_patterns?.[index] ?? {}
  for (const { pointer, text, purpose } of urlMembers(payload, index)) {
    // What a step obtained is filled in by the vault and never stored as plain.
    const obtained = purpose === 'step' ? obtainedNames(pattern) : []
    const reading = parseUrlTemplate(text, { query: true })
    const names = 'url' in reading ? fieldsOfUrl(reading.url) : []
    if (!names.some((name) => isSecretField(pattern, name) && !obtained.includes(name))) continue
    report({
      pointer,
      code: 'SECRET_SHOWN',
      detail: 'Take the secret out of the URL; values in URLs are stored readable. `auth_query_key` sends a key as a parameter.',
    })
  }
}

/** Members that exclude or need each other, on the provider (`at` is empty) or on a pattern. */
export function checkBehaviour(owner: Draft<PayloadBehaviour>, at: string, report: Report): void {
  const { verify, refresh } = owner
  if (verify !== undefined && verify.path === undefined && verify.url === undefined) {
    report({
      pointer: `${at}/verify/path`,
      code: 'MISSING',
      detail: 'Add `path`: the path below `proxy_url` to call, like `/v1/me`; or `url`.',
    })
  }
  if (verify?.path !== undefined && verify.url !== undefined) {
    report({ pointer: `${at}/verify/url`, code: 'NOT_ALLOWED', detail: 'Keep either `path` or `url`.' })
  }
  if (verify?.body !== undefined && verify.method !== 'POST') {
    report({ pointer: `${at}/verify/body`, code: 'NOT_ALLOWED', detail: 'Remove it, or write the method POST.' })
  }
  if (refresh?.grace_seconds !== undefined && refresh.class !== undefined && refresh.class !== 'grace') {
    report({ pointer: `${at}/refresh/grace_seconds`, code: 'NOT_ALLOWED', detail: 'Remove it, or write the class `grace`.' })
  }
}

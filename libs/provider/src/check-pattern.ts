import { checkNative } from './check-native.ts'
import { checkPlacement, isSecretField } from './check-placement.ts'
import { fieldsOfUrl } from './check-urls.ts'
import type { Broken, Draft, Report } from './draft.ts'
import type { AuthPattern, PayloadBehaviour, ProviderPayload } from './payload.ts'
import { signsIn } from './payload-native.ts'
import { pointerTo } from './pointer.ts'
import { checkSign } from './sign/check-sign.ts'
import { fieldsIn, parseTemplate } from './template.ts'
import { urlMembers } from './url-members.ts'
import { parseUrlTemplate } from './url-template.ts'

/** Parameters that the platform writes itself; a payload that set them could undo PKCE or the state check. */
const OWN_PARAMETERS: readonly string[] = [
  'response_type',
  'response_mode',
  'client_id',
  'client_secret',
  'redirect_uri',
  'scope',
  'state',
  'nonce',
  'code_challenge',
  'code_challenge_method',
  'request',
  'request_uri',
]

/** What the schema cannot say of one pattern. */
export function checkPattern(payload: Draft<ProviderPayload>, index: number, how: { report: Report; broken: Broken }): void {
  const pattern = payload.auth_patterns?.[index]
  if (pattern === undefined) return
  const at = `/auth_patterns/${index}`
  const { report, broken } = how
  const fieldsKnown = !broken(`${at}/fields`) && !broken(`${at}/account_fields`)
  checkPlacement({ pattern, at, report, fieldsKnown })
  checkSign({ pattern, at: `${at}/sign`, report, fieldsKnown })
  if (pattern.type === 'CUSTOM' && pattern.sign === undefined) {
    report({ pointer: `${at}/sign`, code: 'MISSING', detail: 'Add `sign`: how each request is signed.' })
  }
  checkFields(pattern, at, report)
  checkShownFields(payload, index, report)
  checkOAuth(pattern, at, report)
  checkClientFields(pattern, at, report)
  checkNative(pattern, at, report)
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
      if (signsIn(pattern.type) && name === 'access_token') {
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
  for (const { pointer, text } of urlMembers(payload, index)) {
    const reading = parseUrlTemplate(text, { query: true })
    const names = 'url' in reading ? fieldsOfUrl(reading.url) : []
    if (!names.some((name) => isSecretField(pattern, name))) continue
    report({
      pointer,
      code: 'SECRET_SHOWN',
      detail: 'Take the secret out of the URL; values in URLs are stored readable. `auth_query_key` sends a key as a parameter.',
    })
  }
}

function checkOAuth(pattern: Draft<AuthPattern>, at: string, report: Report): void {
  const oauth = pattern.oauth_config
  if (pattern.type === undefined) return
  if (!signsIn(pattern.type)) {
    for (const name of ['oauth_config', 'client_fields', 'token', 'refresh', 'revoke'] as const) {
      if (pattern[name] === undefined) continue
      report({ pointer: `${at}/${name}`, code: 'NOT_ALLOWED', detail: 'Remove it, or write the type OAUTH; no other type has a grant.' })
    }
    return
  }
  if (oauth === undefined) {
    report({ pointer: `${at}/oauth_config`, code: 'MISSING', detail: 'Add `oauth_config`: the OAuth endpoints and scopes.' })
  }
  const seen = new Set<string>()
  oauth?.available_scopes?.forEach((scope, i) => {
    if (scope?.scope === undefined) return
    const pointer = `${at}/oauth_config/available_scopes/${i}/scope`
    if (seen.has(scope.scope)) report({ pointer, code: 'DUPLICATE', detail: 'Write each scope once.' })
    seen.add(scope.scope)
  })
  for (const name of Object.keys(oauth?.authorize_params ?? {})) {
    if (!OWN_PARAMETERS.includes(name.toLowerCase())) continue
    const pointer = pointerTo(`${at}/oauth_config/authorize_params`, name)
    report({ pointer, code: 'RESERVED_NAME', detail: 'Remove it; the platform writes this parameter itself.' })
  }
}

/** A parameter of the sign-in address that takes a value of the client: it is in everybody's browser, so no secret is one. */
function checkClientFields(pattern: Draft<AuthPattern>, at: string, report: Report): void {
  const names = (pattern.client_fields ?? []).flatMap((field) => field?.field_name ?? [])
  pattern.client_fields?.forEach((field, i) => {
    if (field?.input_type !== 'password' && !isSecretField({}, field?.field_name ?? '')) return
    const detail = 'Take the secret out; values of `client_fields` stand in the address of the sign-in page.'
    report({ pointer: `${at}/client_fields/${i}/field_name`, code: 'SECRET_SHOWN', detail })
  })
  for (const [name, value] of Object.entries(pattern.oauth_config?.authorize_params ?? {})) {
    const parts = value === undefined || names.length === 0 ? undefined : parseTemplate(value)
    if (parts === undefined || fieldsIn(parts).every((field) => names.includes(field))) continue
    const pointer = pointerTo(`${at}/oauth_config/authorize_params`, name)
    report({ pointer, code: 'UNDECLARED_FIELD', detail: 'Declare the field in `client_fields`; nothing fills it now.' })
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

import { checkAssertion, checkSecret } from './check-assertion.ts'
import { checkTemplate } from './check-template.ts'
import { declaredFields } from './declared-fields.ts'
import type { Draft, Report } from './draft.ts'
import { nearest } from './nearest.ts'
import type { AuthPattern, PayloadOAuth, ProviderPayload } from './payload.ts'
import { pointerTo } from './pointer.ts'
import { clientAuthOf } from './renewal-of.ts'
import { hasOAuth, signsIn } from './signs-in.ts'

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
/** Parameters of a token request that have a member of their own. */
const OWN_TOKEN_PARAMETERS: readonly string[] = [
  'grant_type',
  'client_id',
  'client_secret',
  'client_assertion',
  'client_assertion_type',
  'assertion',
  'scope',
  'audience',
  'resource',
  'subject_token',
  'subject_token_type',
  'actor_token',
  'actor_token_type',
  'requested_token_type',
]
const FORM_ONLY = ['client_id', 'client_secret', 'audience', 'token_params', 'assertion', 'exchange'] as const

/** What a person's grant is for is the same for everybody. */
const NO_NAMES = { there: [], elsewhere: [] }

interface Scene {
  readonly at: string
  readonly report: Report
  readonly fieldsKnown: boolean
}

/** What the schema cannot say of `oauth_config` and of the members that only a grant has. */
export function checkOAuth(payload: Draft<ProviderPayload>, pattern: Draft<AuthPattern>, scene: Scene): void {
  const { at, report } = scene
  const oauth = pattern.oauth_config
  if (pattern.type === undefined) return
  if (!hasOAuth(pattern)) {
    for (const name of ['oauth_config', 'client_fields', 'token', 'refresh', 'revoke'] as const) {
      if (pattern[name] === undefined) continue
      report({ pointer: `${at}/${name}`, code: 'NOT_ALLOWED', detail: 'Remove it, or write the type OAUTH; no other type has a grant.' })
    }
    return
  }
  if (oauth === undefined) {
    report({ pointer: `${at}/oauth_config`, code: 'MISSING', detail: 'Add `oauth_config`: the OAuth endpoints and scopes.' })
    return
  }
  checkScopes(oauth, at, report)
  checkParameters(oauth.authorize_params, { at: `${at}/oauth_config/authorize_params`, own: OWN_PARAMETERS, report })
  if (signsIn(pattern)) checkSignIn(payload, pattern, scene)
  else checkTokenGrant(payload, pattern, scene)
}

function checkScopes(oauth: Draft<PayloadOAuth>, at: string, report: Report): void {
  const seen = new Set<string>()
  oauth.available_scopes?.forEach((scope, i) => {
    if (scope?.scope === undefined) return
    const pointer = `${at}/oauth_config/available_scopes/${i}/scope`
    if (seen.has(scope.scope)) report({ pointer, code: 'DUPLICATE', detail: 'Write each scope once.' })
    seen.add(scope.scope)
  })
}

function checkParameters(
  parameters: object | undefined,
  { at, own, report }: { at: string; own: readonly string[]; report: Report },
): void {
  for (const name of Object.keys(parameters ?? {})) {
    if (!own.includes(name.toLowerCase())) continue
    report({ pointer: pointerTo(at, name), code: 'RESERVED_NAME', detail: 'Remove it; the platform writes this parameter itself.' })
  }
}

/** Where the person goes: to a page of the provider, or to another device with a code. */
function checkSignInPlace(oauth: Draft<PayloadOAuth>, at: string, report: Report): void {
  const [needed, other] = oauth.grant_type === 'device_code' ? DEVICE_PLACE : PAGE_PLACE
  if (oauth[needed.name] === undefined) {
    report({ pointer: `${at}/${needed.name}`, code: 'MISSING', detail: `Add \`${needed.name}\`: ${needed.is}.` })
  }
  for (const name of other) {
    if (oauth[name] === undefined) continue
    report({ pointer: `${at}/${name}`, code: 'NOT_ALLOWED', detail: 'Remove it, or write the `grant_type` that it belongs to.' })
  }
}

const PAGE_PLACE = [
  { name: 'authorize_uri', is: 'the authorization endpoint, like `https://auth.example.com/authorize`' },
  ['device_authorization_uri'],
] as const
const DEVICE_PLACE = [
  { name: 'device_authorization_uri', is: 'the device authorization endpoint, like `https://auth.example.com/device_authorization`' },
  ['authorize_uri', 'authorize_params'],
] as const

function checkSignIn(payload: Draft<ProviderPayload>, pattern: Draft<AuthPattern>, { at, report }: Scene): void {
  const oauth = pattern.oauth_config ?? {}
  if (pattern.type === 'THIRDPARTY' && (oauth.grant_type ?? 'authorization_code') !== 'authorization_code') {
    const detail = 'Remove it, or write the type OAUTH; the sign-in of a platform has a page of its own.'
    report({ pointer: `${at}/oauth_config/grant_type`, code: 'NOT_ALLOWED', detail })
    return
  }
  checkSignInPlace(oauth, `${at}/oauth_config`, report)
  for (const name of FORM_ONLY) {
    if (oauth[name] === undefined) continue
    const detail = 'Remove it, or write a `grant_type` that exchanges the fields of the form; here a person signs in.'
    report({ pointer: `${at}/oauth_config/${name}`, code: 'NOT_ALLOWED', detail })
  }
  if (oauth.resource !== undefined) checkTemplate(oauth.resource, `${at}/oauth_config/resource`, { known: NO_NAMES, report })
  if ((pattern.token ?? payload.token)?.client_auth !== 'private_key_jwt') return
  const pointer = `${pattern.token === undefined ? '' : at}/token/client_auth`
  report({
    pointer,
    code: 'NOT_ALLOWED',
    detail: 'Write `client_secret_basic`, `client_secret_post` or `none`; a registered client has a secret.',
  })
}

/** The grants that exchange the fields of the form: what they need is among the fields, and nothing of a sign-in is left. */
function checkTokenGrant(payload: Draft<ProviderPayload>, pattern: Draft<AuthPattern>, scene: Scene): void {
  const { at, report } = scene
  const oauth = pattern.oauth_config ?? {}
  const config = `${at}/oauth_config`
  for (const name of ['authorize_uri', 'authorize_params', 'device_authorization_uri'] as const) {
    if (oauth[name] === undefined) continue
    report({ pointer: `${config}/${name}`, code: 'NOT_ALLOWED', detail: `Remove it; ${oauth.grant_type} sends nobody to a sign-in page.` })
  }
  if (pattern.client_fields !== undefined) {
    report({ pointer: `${at}/client_fields`, code: 'NOT_ALLOWED', detail: `Remove it; with ${oauth.grant_type} no client is registered.` })
  }
  if (pattern.revoke !== undefined) {
    report({ pointer: `${at}/revoke`, code: 'NOT_ALLOWED', detail: `Remove it; with ${oauth.grant_type} there is no grant to take back.` })
  }
  if (pattern.refresh?.class !== undefined && pattern.refresh.class !== 'static') {
    report({ pointer: `${at}/refresh/class`, code: 'NOT_ALLOWED', detail: 'Write `static`; what is exchanged again is never spent.' })
  }
  checkParameters(oauth.token_params, { at: `${config}/token_params`, own: OWN_TOKEN_PARAMETERS, report })
  if (oauth.exchange !== undefined && oauth.grant_type !== 'token_exchange') {
    report({ pointer: `${config}/exchange`, code: 'NOT_ALLOWED', detail: 'Remove it, or write the grant type `token_exchange`.' })
  }
  checkNeeded(payload, pattern, scene)
  checkTemplates(pattern, scene)
}

function checkNeeded(payload: Draft<ProviderPayload>, pattern: Draft<AuthPattern>, { at, report, fieldsKnown }: Scene): void {
  const oauth = pattern.oauth_config ?? {}
  const auth = clientAuthOf(pattern, payload.token)
  const signs = oauth.grant_type === 'jwt_bearer' || auth === 'private_key_jwt'
  const config = `${at}/oauth_config`
  if (signs && oauth.assertion === undefined) {
    report({ pointer: `${config}/assertion`, code: 'MISSING', detail: 'Add `assertion`: the JSON Web Token that is signed with a field.' })
  } else if (oauth.grant_type === 'jwt_bearer' && oauth.assertion?.issuer === undefined) {
    report({ pointer: `${config}/assertion/issuer`, code: 'MISSING', detail: 'Add `issuer`: the claim `iss`, like `{{client_id}}`.' })
  }
  if (!signs && oauth.assertion !== undefined) {
    const detail = 'Remove it, or write the grant type `jwt_bearer` or the client authentication `private_key_jwt`.'
    report({ pointer: `${config}/assertion`, code: 'NOT_ALLOWED', detail })
  }
  const names = declaredFields(pattern)
  const need = (field: string, member: string): void => {
    if (!fieldsKnown || names.includes(field)) return
    const near = nearest(field, names)
    const rename = near === undefined ? '' : `, or rename \`${near}\` to it`
    const detail = `Add the field \`${field}\`${rename}; ${oauth.grant_type} sends it. \`oauth_config.${member}\` can say otherwise.`
    report({ pointer: `${at}/fields`, code: 'MISSING', detail })
  }
  if (auth !== 'none' && oauth.client_id === undefined) need('client_id', 'client_id')
  if (auth.startsWith('client_secret') && oauth.client_secret === undefined) need('client_secret', 'client_secret')
  if (signs && oauth.assertion !== undefined && oauth.assertion.key === undefined) need('private_key', 'assertion.key')
  if (oauth.grant_type === 'token_exchange' && oauth.exchange?.subject_token === undefined) need('subject_token', 'exchange.subject_token')
}

function checkTemplates(pattern: Draft<AuthPattern>, { at, report, fieldsKnown }: Scene): void {
  if (!fieldsKnown) return
  const oauth = pattern.oauth_config ?? {}
  const known = { there: declaredFields(pattern), elsewhere: [] }
  const config = `${at}/oauth_config`
  const check = (text: string | undefined, pointer: string): void => {
    if (text !== undefined) checkTemplate(text, pointer, { known, report })
  }
  for (const name of ['client_id', 'client_secret', 'audience', 'resource'] as const) check(oauth[name], `${config}/${name}`)
  checkSecret(oauth.client_secret, `${config}/client_secret`, report)
  for (const [name, text] of Object.entries(oauth.exchange ?? {})) {
    if (typeof text === 'string') check(text, `${config}/exchange/${name}`)
  }
  checkSecret(oauth.exchange?.subject_token, `${config}/exchange/subject_token`, report)
  for (const [name, text] of Object.entries(oauth.token_params ?? {})) check(text, pointerTo(`${config}/token_params`, name))
  if (oauth.assertion !== undefined && (oauth.assertion.key !== undefined || known.there.includes('private_key')))
    checkAssertion(oauth.assertion, `${config}/assertion`, { known, report })
}

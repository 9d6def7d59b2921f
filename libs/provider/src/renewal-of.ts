import { declaredFields } from './declared-fields.ts'
import type { Draft } from './draft.ts'
import type { AuthPattern, PayloadToken, ProviderPayload } from './payload.ts'
import type { PayloadAssertion, PayloadStep } from './payload-renewal.ts'
import type { NamedTemplate, RecipeAssertion, RecipeStep, Renewal, StepAction, StepBody, TokenRenewal } from './renewal.ts'
import { signsIn } from './signs-in.ts'
import { tokenAnswerShape } from './token-quirks.ts'

/** How this pattern obtains its access tokens from its fields; undefined when it does not. */
export function renewalOf(payload: ProviderPayload, index: number): Renewal | undefined {
  const pattern = payload.auth_patterns[index]
  if (pattern?.steps !== undefined) {
    const { assertion } = pattern
    return { kind: 'steps', steps: pattern.steps.map(stepOf), ...(assertion === undefined ? {} : { assertion: assertionOf(assertion) }) }
  }
  return pattern === undefined || pattern.type !== 'OAUTH' || signsIn(pattern) ? undefined : tokenRenewal(pattern, payload.token)
}

/** Without a word of the payload a client that has a secret sends it in the body, as most servers take it. */
export function clientAuthOf(pattern: Draft<AuthPattern>, shared: Draft<PayloadToken> | undefined): TokenRenewal['clientAuth'] {
  const declared = (pattern.token ?? shared)?.client_auth
  if (declared !== undefined) return declared
  const oauth = pattern.oauth_config
  const hasSecret = oauth?.client_secret !== undefined || declaredFields(pattern).includes('client_secret')
  return oauth?.grant_type === 'client_credentials' || hasSecret ? 'client_secret_post' : 'none'
}

function tokenRenewal(pattern: AuthPattern, shared: PayloadToken | undefined): TokenRenewal {
  const oauth = pattern.oauth_config
  const kind = oauth?.grant_type
  if (oauth === undefined || kind === undefined || kind === 'authorization_code' || kind === 'device_code')
    throw new TypeError('renewalOf needs a payload that parseProvider gave')
  const token = pattern.token ?? shared ?? {}
  const clientAuth = clientAuthOf(pattern, shared)
  const hasClient = clientAuth !== 'none' || oauth.client_id !== undefined || declaredFields(pattern).includes('client_id')
  const hasSecret = clientAuth === 'client_secret_basic' || clientAuth === 'client_secret_post'
  return {
    kind,
    tokenUri: oauth.token_uri,
    clientAuth,
    bodyFormat: token.body_format ?? 'form',
    ...(hasClient ? { clientId: oauth.client_id ?? '{{client_id}}' } : {}),
    ...(hasSecret ? { clientSecret: oauth.client_secret ?? '{{client_secret}}' } : {}),
    parameters: [...exchangeParameters(pattern), ...requestParameters(pattern, token)],
    scopes: (oauth.available_scopes ?? []).map(({ scope }) => scope),
    ...(oauth.assertion === undefined ? {} : { assertion: assertionOf(oauth.assertion) }),
    answer: tokenAnswerShape(token),
  }
}

/** RFC 8693 §2.1. */
function exchangeParameters({ oauth_config: oauth }: AuthPattern): NamedTemplate[] {
  if (oauth?.grant_type !== 'token_exchange') return []
  const { subject_token, subject_token_type, ...optional } = oauth.exchange ?? {}
  return [
    { name: 'subject_token', value: subject_token ?? '{{subject_token}}' },
    { name: 'subject_token_type', value: subject_token_type ?? 'urn:ietf:params:oauth:token-type:access_token' },
    ...named(optional),
  ]
}

function requestParameters({ oauth_config: oauth = { token_uri: '' } }: AuthPattern, token: PayloadToken): NamedTemplate[] {
  const { audience, resource, token_params, available_scopes = [] } = oauth
  const scope = available_scopes.length === 0 ? undefined : available_scopes.map((one) => one.scope).join(token.scope_separator ?? ' ')
  return named({ scope, audience, resource, ...token_params })
}

function named(values: Readonly<Record<string, string | undefined>> | undefined): NamedTemplate[] {
  return Object.entries(values ?? {}).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]))
}

function assertionOf(assertion: PayloadAssertion): RecipeAssertion {
  const { alg, key, key_id, issuer, subject, audience, claims, lifetime_seconds } = assertion
  return {
    alg,
    key: key ?? '{{private_key}}',
    ...(key_id === undefined ? {} : { keyId: key_id }),
    ...(issuer === undefined ? {} : { issuer }),
    ...(subject === undefined ? {} : { subject }),
    ...(audience === undefined ? {} : { audience }),
    claims: Object.entries(claims ?? {}).map(([name, value]) => ({ name, value })),
    lifetimeS: lifetime_seconds ?? 300,
  }
}

const ANY_2XX: readonly number[] = Array.from({ length: 100 }, (_, i) => 200 + i)

function stepOf(step: PayloadStep): RecipeStep {
  const { request } = step
  const body = bodyOf(request)
  return {
    name: step.name,
    method: request.method ?? (body === undefined ? 'GET' : 'POST'),
    url: request.url,
    headers: named(request.headers),
    query: named(request.query),
    ...(body === undefined ? {} : { body }),
    expect: step.expect ?? ANY_2XX,
    on: Object.entries(step.on ?? {}).map(([status, action]): StepAction => {
      const extract = extractions(action.extract)
      if (action.fail !== undefined) return { status, does: 'fail', sentence: action.fail, extract }
      return action.forward === undefined ? { status, does: 'continue', extract } : { status, does: 'forward', to: action.forward, extract }
    }),
    extract: extractions(step.extract),
    ...(step.expires_in === undefined ? {} : { expiresIn: step.expires_in }),
    ...(step.expires_at === undefined ? {} : { expiresAt: step.expires_at }),
  }
}

function bodyOf({ form, json, body }: PayloadStep['request']): StepBody | undefined {
  if (form !== undefined) return { kind: 'form', values: named(form) }
  if (json !== undefined) return { kind: 'json', value: json }
  return body === undefined ? undefined : { kind: 'text', value: body }
}

function extractions(extract: PayloadStep['extract']): RecipeStep['extract'] {
  return named(extract).map(({ name, value }) => ({ name, from: value }))
}

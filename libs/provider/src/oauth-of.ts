import { CodedError } from '@credence/errors'
import type { AuthPattern, PayloadOAuth, PayloadToken } from './payload.ts'
import type { PayloadNative } from './payload-native.ts'
import type { RecipeOAuth } from './recipe-oauth.ts'
import { parseTemplate } from './template.ts'
import { tokenAnswerShape } from './token-quirks.ts'

/** The registered client of a sign-in: its `ocl_…` id and what it is registered with beside it. */
export interface ClientChoice {
  readonly clientId?: string
  readonly clientFields?: Readonly<Record<string, string>>
}

/** Of a pattern that signs in. Throws CLIENT_MISSING without a registered client, and without what it was to be registered with. */
export function oauthOf(pattern: AuthPattern, shared: PayloadToken | undefined, choice: ClientChoice): RecipeOAuth {
  const { clientId } = choice
  if (clientId === undefined) throw new CodedError('CLIENT_MISSING')
  if (pattern.oauth_config === undefined) throw new TypeError('recipeOf needs a payload that parseProvider gave')
  const exchange = pattern.native_config?.exchange
  return {
    clientId,
    ...endpointsOf(pattern.oauth_config),
    ...(choice.clientFields === undefined ? {} : { authorizeParams: filledParams(pattern, choice.clientFields) }),
    ...tokenQuirks(pattern.token ?? shared ?? {}),
    ...(exchange === undefined ? {} : { exchange: exchangeOf(exchange) }),
  }
}

function exchangeOf({ grant_type, parameter, parameters }: PayloadNative['exchange'] & object): RecipeOAuth['exchange'] & object {
  return { grantType: grant_type, parameter, ...(parameters === undefined ? {} : { parameters }) }
}

/** Throws CLIENT_MISSING when the client was registered without a value that the sign-in needs. */
function filledParams({ oauth_config, client_fields = [] }: AuthPattern, values: Readonly<Record<string, string>>): Record<string, string> {
  const params = Object.entries(oauth_config?.authorize_params ?? {})
  if (client_fields.length === 0) return Object.fromEntries(params)
  const lacking = client_fields.filter(({ field_name, required }) => required === true && (values[field_name] ?? '') === '')
  if (lacking.length > 0) {
    const names = lacking.map(({ label, field_name }) => label ?? field_name).join(', ')
    throw new CodedError('CLIENT_MISSING', `The OAuth client lacks: ${names}. Register it again with it.`)
  }
  return Object.fromEntries(
    params.flatMap(([name, value]) => {
      const parts = parseTemplate(value) ?? [{ literal: value }]
      const filled = parts.map((part) => ('literal' in part ? part.literal : (values[part.field] ?? ''))).join('')
      return filled === '' ? [] : [[name, filled]]
    }),
  )
}

function endpointsOf(
  oauth: PayloadOAuth,
): Pick<RecipeOAuth, 'authorizeUri' | 'deviceUri' | 'resource' | 'tokenUri' | 'availableScopes' | 'authorizeParams'> {
  return {
    authorizeUri: oauth.authorize_uri ?? '',
    ...(oauth.device_authorization_uri === undefined ? {} : { deviceUri: oauth.device_authorization_uri }),
    tokenUri: oauth.token_uri,
    ...(oauth.resource === undefined ? {} : { resource: oauth.resource }),
    ...(oauth.user_info_uri === undefined ? {} : { userInfoUri: oauth.user_info_uri }),
    ...(oauth.issuer === undefined ? {} : { issuer: oauth.issuer }),
    availableScopes: (oauth.available_scopes ?? []).map((scope) => ({
      scope: scope.scope,
      ...(scope.display_name === undefined ? {} : { displayName: scope.display_name }),
      ...(scope.description === undefined ? {} : { description: scope.description }),
      required: scope.required ?? false,
    })),
    authorizeParams: oauth.authorize_params ?? {},
  }
}

function tokenQuirks(
  token: PayloadToken,
): Omit<RecipeOAuth, 'clientId' | 'authorizeUri' | 'deviceUri' | 'resource' | 'tokenUri' | 'availableScopes' | 'authorizeParams'> {
  const { client_auth: clientAuth = 'client_secret_post' } = token
  if (clientAuth === 'private_key_jwt') throw new TypeError('recipeOf needs a payload that parseProvider gave')
  return {
    scopeSeparator: token.scope_separator ?? ' ',
    clientAuth,
    bodyFormat: token.body_format ?? 'form',
    ...tokenAnswerShape(token),
  }
}

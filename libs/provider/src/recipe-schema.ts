import { FAMILIES } from '@credence/credential'
import { ENCODINGS, HASHES } from './byte-forms.ts'
import { compileSchema, type ValidateFunction } from './compile-schema.ts'
import { AUTH_TYPES, INPUT_TYPES, REFRESH_CLASSES } from './payload.ts'
import { ASSERTION_ALGS } from './payload-renewal.ts'
import type { Recipe } from './recipe.ts'
import { recipeSignSchema } from './sign/recipe-sign-schema.ts'

const string = { type: 'string' }
const boolean = { type: 'boolean' }
const strings = { type: 'array', items: string }

/** Members that are not named here are kept: a newer writer may know more. */
function open(
  required: Readonly<Record<string, unknown>>,
  optional: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  return { type: 'object', properties: { ...required, ...optional }, required: Object.keys(required) }
}

const segments = { type: 'array', items: { $ref: '#/$defs/segment' } }
const segment = {
  oneOf: [
    open({ literal: string }),
    open({ field: string }, { prefix: string, suffix: string, default: string }),
    open({ base64: segments }),
    open({ hmac: open({ hash: { enum: HASHES }, key: segments, message: segments, encoding: { enum: ENCODINGS } }) }),
  ],
}

const placement = open({
  in: { enum: ['header', 'query', 'cookie'] },
  name: string,
  value: segments,
})
const placements = { type: 'array', items: placement }

const oauth = open(
  {
    clientId: string,
    authorizeUri: string,
    tokenUri: string,
    availableScopes: { type: 'array', items: open({ scope: string, required: boolean }, { displayName: string, description: string }) },
    scopeSeparator: string,
    clientAuth: { enum: ['client_secret_basic', 'client_secret_post', 'none'] },
    bodyFormat: { enum: ['form', 'json'] },
    paths: open(
      { accessToken: string, refreshToken: string, expiresIn: string, scope: string, tokenType: string },
      { refreshTokenExpiresIn: string },
    ),
    expiresInUnit: { enum: ['s', 'ms'] },
    authorizeParams: { type: 'object', additionalProperties: string },
    invalidGrantCodes: strings,
  },
  {
    deviceUri: string,
    resource: string,
    userInfoUri: string,
    issuer: string,
    defaultExpiresIn: { type: 'integer' },
    ok: open({ path: string }),
    errorPath: string,
    errorCodes: { type: 'object', additionalProperties: string },
    exchange: open({ grantType: string, parameter: string }, { parameters: { type: 'object', additionalProperties: string } }),
  },
)

const discover = open(
  {
    path: string,
    each: string,
    assets: { type: 'array', items: open({ channel: string, id: string, name: string }, { label: string, token: string, parent: string }) },
  },
  {
    placements,
    for: string,
    where: open({ pointer: string, equals: string }),
    collect: open({ ids: string, name: string }),
    page: open({ more: string, cursor: string, parameter: string }),
  },
)

const native = open(
  {
    discover: { type: 'array', items: discover },
    channels: { type: 'array', items: open({ channel: string, displayName: string, asset: string, token: { enum: ['user', 'asset'] } }) },
  },
  {
    account: open({ path: string, id: string, name: string }),
    refused: open({ statuses: { type: 'array', items: { type: 'integer' } }, pointer: string, values: strings }),
    messages: open({ origins: strings, type: string }),
    refusedPaths: strings,
    tokenPrefix: string,
  },
)

const probe = open(
  { method: { enum: ['GET', 'HEAD', 'POST'] }, url: string, expect: { type: 'array', items: { type: 'integer' } } },
  { accountId: string, accountName: string, ok: open({ path: string }), body: string, placements },
)

const refresh = open(
  { class: { enum: REFRESH_CLASSES } },
  {
    graceMs: { type: 'integer' },
    idleMs: { type: 'integer' },
    lifetimeMs: { type: 'integer' },
    budget: open({ requests: { type: 'integer' }, windowMs: { type: 'integer' } }),
    permanentErrors: strings,
  },
)

const field = open(
  { name: string, label: string, inputType: { enum: INPUT_TYPES }, required: boolean, plain: boolean, account: boolean },
  { hint: string },
)

const named = { type: 'array', items: open({ name: string, value: string }) }
const extract = { type: 'array', items: open({ name: string, from: string }) }

const assertion = open(
  {
    alg: { enum: ASSERTION_ALGS },
    key: string,
    claims: { type: 'array', items: open({ name: string, value: { type: ['string', 'number', 'boolean'] } }) },
    lifetimeS: { type: 'integer' },
  },
  { keyId: string, issuer: string, subject: string, audience: string },
)

const tokenRenewal = open(
  {
    kind: { enum: ['client_credentials', 'jwt_bearer', 'token_exchange'] },
    tokenUri: string,
    clientAuth: { enum: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'] },
    bodyFormat: { enum: ['form', 'json'] },
    parameters: named,
    scopes: strings,
    answer: open(
      { paths: { type: 'object', additionalProperties: string }, expiresInUnit: { enum: ['s', 'ms'] }, invalidGrantCodes: strings },
      {
        defaultExpiresIn: { type: 'integer' },
        ok: open({ path: string }),
        errorPath: string,
        errorCodes: { type: 'object', additionalProperties: string },
      },
    ),
  },
  { clientId: string, clientSecret: string, assertion },
)

const stepBody = {
  oneOf: [
    open({ kind: { const: 'form' }, values: named }),
    open({ kind: { const: 'json' }, value: {} }),
    open({ kind: { const: 'text' }, value: string }),
  ],
}

const step = open(
  {
    name: string,
    method: string,
    url: string,
    headers: named,
    query: named,
    expect: { type: 'array', items: { type: 'integer' } },
    on: {
      type: 'array',
      items: open({ status: string, does: { enum: ['continue', 'fail', 'forward'] }, extract }, { sentence: string, to: string }),
    },
    extract,
  },
  { body: stepBody, expiresIn: { type: ['string', 'integer'] }, expiresAt: string },
)

const stepsRenewal = open({ kind: { const: 'steps' }, steps: { type: 'array', items: step } }, { assertion })

const recipe = open(
  {
    format: { const: 1 },
    provider: open({ id: string, version: { type: 'integer' }, displayName: string }),
    pattern: { type: 'integer' },
    authType: { enum: AUTH_TYPES },
    family: { enum: FAMILIES },
    level: { enum: ['user', 'project'] },
    proxyUrl: string,
    proxyEnabled: boolean,
    fields: { type: 'array', items: field },
    placements,
    refresh,
    extraHosts: strings,
  },
  {
    sign: recipeSignSchema(open),
    oauth,
    native,
    renewal: { oneOf: [tokenRenewal, stepsRenewal] },
    revoke: open({ url: string, scope: { enum: ['token', 'grant'] } }),
    probe,
  },
)

/** True for a value that has the shape of a recipe of format 1: the vault acts on it without looking again. */
export const isRecipe: ValidateFunction<Recipe> = compileSchema<Recipe>({ ...recipe, $defs: { segment } })

import { expect, test } from 'vitest'
import { decodeRecipe, encodeRecipe, parseProvider, recipeOf, reviewProvider } from '../src/index.ts'
import { refusal, refusalOf } from './payload.ts'

/** The shape of a platform's own sign-in, with nothing of any platform in it. */
const native = {
  exchange: { grant_type: 'swap', parameter: 'old_token' },
  proof: { parameter: 'proof', hash: 'sha256' },
  client_token: '{{client_id}}|{{client_secret}}',
  discover: [
    { path: '/inspect', as: 'client', token_parameter: 'token', each: '/grants', collect: { ids: '/ids', name: 'team' } },
    { for: 'team', path: '/{{team}}/lines', each: '/data', assets: [{ channel: 'chat', id: '/id', name: '/name' }] },
  ],
  channels: [{ channel: 'chat', display_name: 'Chat', asset: 'line', token: 'user' }],
}
const pattern = {
  type: 'THIRDPARTY',
  client_fields: [{ field_name: 'config', label: 'Configuration', required: true }],
  oauth_config: {
    authorize_uri: 'https://login.example.com/dialog',
    token_uri: 'https://api.example.com/token',
    authorize_params: { config: '{{config}}', extra: '{"v":1}' },
  },
  native_config: native,
  verify: { path: '/inspect', as: 'client', token_parameter: 'token', ok: '/valid' },
}
const payload = (change: object = {}): object => ({
  display_name: 'P',
  description: 'd',
  proxy_url: 'https://api.example.com/v1',
  proxy_enabled: true,
  auth_patterns: [{ ...pattern, ...change }],
})
const recipeWith = (clientFields?: Readonly<Record<string, string>>, change: object = {}) =>
  recipeOf(parseProvider(Buffer.from(JSON.stringify(payload(change)))), {
    providerId: 'prov_x',
    version: 1,
    pattern: 0,
    clientId: 'ocl_x',
    ...(clientFields === undefined ? {} : { clientFields }),
  })
const faultsOf = (change: object): string[] => refusalOf(payload(change))?.faults ?? []

test('[S2-2] THIRDPARTY is the family thirdparty, with the proof beside its token and a recipe that survives its encoding', () => {
  const recipe = recipeWith({ config: '77' })
  expect(recipe.family).toBe('thirdparty')
  expect(recipe.placements).toEqual([
    { in: 'header', name: 'Authorization', value: [{ literal: 'Bearer ' }, { field: 'access_token' }] },
    {
      in: 'query',
      name: 'proof',
      value: [{ hmac: { hash: 'sha256', key: [{ field: '@client_secret' }], message: [{ field: 'access_token' }], encoding: 'hex' } }],
    },
  ])
  expect(recipe.refresh).toEqual({ class: 'static' })
  expect(recipe.oauth?.exchange).toEqual({ grantType: 'swap', parameter: 'old_token' })
  expect(decodeRecipe(encodeRecipe(recipe).bytes)).toEqual(recipe)
})

test('[S2-10] a call of the client itself carries the client, and the token that is looked at as a parameter', () => {
  const { probe, native: of } = recipeWith({ config: '77' })
  const placements = [
    {
      in: 'header',
      name: 'Authorization',
      value: [{ literal: 'Bearer ' }, { field: '@client_id' }, { literal: '|' }, { field: '@client_secret' }],
    },
    { in: 'query', name: 'token', value: [{ field: 'access_token' }] },
  ]
  expect(probe?.placements).toEqual(placements)
  expect(of?.discover[0]?.placements).toEqual(placements)
  expect(of?.discover[1]?.placements).toBeUndefined()
})

test('[S2-10] the address of the sign-in takes what the client was registered with, and braces that are no field stay', () => {
  expect(recipeWith({ config: '77' }).oauth?.authorizeParams).toEqual({ config: '77', extra: '{"v":1}' })
  expect(recipeWith().oauth?.authorizeParams.config).toBe('{{config}}')
  expect(refusal(() => recipeWith({}))?.code).toBe('CLIENT_MISSING')
})

test('[S2-2] every name that is used must be known, and each channel must have an asset and its token', () => {
  const at = '/auth_patterns/0/native_config'
  const [inspect, lines] = native.discover
  const chat = native.channels[0]!
  expect(faultsOf({ native_config: undefined })).toEqual([`${at} MISSING`])
  expect(faultsOf({ native_config: { ...native, discover: [lines] } })).toEqual([`${at}/discover/0/for UNDECLARED_FIELD`])
  expect(faultsOf({ native_config: { ...native, discover: [inspect] } })).toEqual([`${at}/channels/0/channel MISSING`])
  expect(faultsOf({ native_config: { ...native, client_token: '{{secret}}' } })).toEqual([`${at}/client_token INVALID_VALUE`])
  expect(faultsOf({ native_config: { ...native, client_token: undefined } })).toContain(`${at}/client_token MISSING`)
  expect(faultsOf({ native_config: { ...native, channels: [{ ...chat, token: 'asset' }] } })).toEqual([
    `${at}/channels/0/token NOT_ALLOWED`,
  ])
  expect(faultsOf({ native_config: { ...native, channels: [chat, chat] } })).toEqual([`${at}/channels/1/channel DUPLICATE`])
  const foreign = { ...lines, path: '/{{other}}/lines', assets: [{ channel: 'post', id: '/id', name: '/name' }, lines?.assets?.[0]] }
  expect(faultsOf({ native_config: { ...native, discover: [inspect, foreign] } })).toEqual([
    `${at}/discover/1/assets/0/channel UNDECLARED_FIELD`,
    `${at}/discover/1/path UNDECLARED_FIELD`,
  ])
})

test('[S2-2] what belongs to this type is refused at every other, and a secret never stands in the address', () => {
  const bearer = { type: 'BEARER', fields: [{ field_name: 'token' }], oauth_config: undefined, client_fields: undefined }
  expect(faultsOf(bearer)).toEqual(['/auth_patterns/0/native_config NOT_ALLOWED', '/auth_patterns/0/verify/as NOT_ALLOWED'])
  const secret = [{ field_name: 'config', input_type: 'password' }]
  expect(faultsOf({ client_fields: secret })).toEqual(['/auth_patterns/0/client_fields/0/field_name SECRET_SHOWN'])
  expect(faultsOf({ client_fields: [{ field_name: 'other' }] })).toEqual([
    '/auth_patterns/0/oauth_config/authorize_params/config UNDECLARED_FIELD',
  ])
})

test('[S2-2] a platform has a page of its own: the grants without one and on another device are refused', () => {
  for (const grant_type of ['device_code', 'client_credentials', 'token_exchange']) {
    const oauth_config = { ...pattern.oauth_config, grant_type }
    expect(faultsOf({ oauth_config })).toEqual(['/auth_patterns/0/oauth_config/grant_type NOT_ALLOWED'])
  }
  expect(faultsOf({ oauth_config: { ...pattern.oauth_config, grant_type: 'authorization_code' } })).toEqual([])
  expect(recipeWith({ config: '77' }).renewal).toBeUndefined()
})

test('[S2-10] an own place of error codes is read for a sign-in and for a grant without one alike', () => {
  const token = { paths: { error: '/error/code' }, error_codes: { 190: 'invalid_client' } }
  const shape = { errorPath: '/error/code', errorCodes: { 190: 'invalid_client' } }
  expect(recipeWith({ config: '77' }, { token }).oauth).toMatchObject(shape)
  const fields = [{ field_name: 'client_id' }, { field_name: 'client_secret' }]
  const grant = { type: 'OAUTH', fields, oauth_config: { grant_type: 'client_credentials', token_uri: 'https://api.example.com/token' } }
  const own = { ...grant, token, client_fields: undefined, native_config: undefined, verify: undefined }
  const recipe = recipeWith(undefined, own)
  expect(recipe.renewal).toMatchObject({ kind: 'client_credentials', answer: shape })
  expect(decodeRecipe(encodeRecipe(recipe).bytes)).toEqual(recipe)
  expect(faultsOf({ ...own, client_fields: [{ field_name: 'config' }] })).toEqual(['/auth_patterns/0/client_fields NOT_ALLOWED'])
})

test('[S1-11] a review does not call the token of an exchange strict', () => {
  const warned = (change: object) =>
    reviewProvider(Buffer.from(JSON.stringify(payload(change))), {}).warnings.some(({ code }) => code === 'NO_REFRESH_CLASS')
  expect(warned({})).toBe(false)
  expect(warned({ native_config: { ...native, exchange: undefined } })).toBe(true)
})

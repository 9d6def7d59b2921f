import { describe, expect, test } from 'vitest'
import { fillHosts, parseProvider } from '../src/index.ts'
import { onTheWire, payloadWith, recipeFor, recipeWith, type SeedName, seedBytes, toBytes } from './payload.ts'

const SEEDS: readonly SeedName[] = ['asana', 'bearer', 'freshdesk', 'attention']
const BASIC = { type: 'BASIC', fields: [{ field_name: 'username' }] }

describe('the four example payloads', () => {
  test.each(SEEDS)('[S1-1] %s is accepted byte for byte and gives back what it says', (name) => {
    const bytes = seedBytes(name)
    expect(parseProvider(bytes)).toEqual(JSON.parse(Buffer.from(bytes).toString()))
  })

  test('[S1-1] [S0-5] Asana sends the access token as a bearer and is bound to its hosts', () => {
    const recipe = recipeFor(parseProvider(seedBytes('asana')))
    expect(onTheWire(recipe, { access_token: 'at-1' })).toEqual(['header Authorization: Bearer at-1'])
    expect(recipe.oauth).toMatchObject({
      clientId: 'ocl_test',
      authorizeUri: 'https://app.asana.com/-/oauth_authorize',
      tokenUri: 'https://app.asana.com/-/oauth_token',
    })
    expect(fillHosts(recipe, {})).toEqual({
      use: ['https://app.asana.com/api'],
      token: ['https://app.asana.com/-/oauth_token'],
      revoke: [],
      verify: ['https://app.asana.com/api/1.0/users/me'],
    })
  })

  test('[S1-1] [S0-3] the bearer token goes behind `Bearer `', () => {
    const recipe = recipeFor(parseProvider(seedBytes('bearer')))
    expect(onTheWire(recipe, { token: 'tok-1' })).toEqual(['header Authorization: Bearer tok-1'])
  })

  test('[S1-1] [S0-4] Freshdesk sends the key as a user name with an empty password', () => {
    const recipe = recipeFor(parseProvider(seedBytes('freshdesk')))
    const pair = Buffer.from('key-1:').toString('base64')
    expect(onTheWire(recipe, { username: 'key-1', domain: 'acme.freshdesk.com' })).toEqual([`header Authorization: Basic ${pair}`])
    expect(fillHosts(recipe, { domain: 'acme.freshdesk.com' }).use).toEqual(['https://acme.freshdesk.com/api'])
  })

  test('[S1-1] [S1-6] Freshdesk with a default password sends that one', () => {
    const seed = JSON.parse(Buffer.from(seedBytes('freshdesk')).toString())
    seed.auth_patterns[0].auth_field_mutations = { password: { default: 'X' } }
    const pair = Buffer.from('key-1:X').toString('base64')
    expect(onTheWire(recipeFor(parseProvider(toBytes(seed))), { username: 'key-1' })).toEqual([`header Authorization: Basic ${pair}`])
  })

  test('[S1-1] [S0-2] Attention sends the key as it is', () => {
    const recipe = recipeFor(parseProvider(seedBytes('attention')))
    expect(onTheWire(recipe, { api_key: 'key-1' })).toEqual(['header Authorization: key-1'])
  })
})

describe('what goes on the wire', () => {
  test('[S0-1] NONE sends no credential header', () => {
    expect(recipeWith({ type: 'NONE' }).placements).toEqual([])
    expect(recipeWith({ type: 'NONE' }).family).toBe('none')
  })

  test('[S0-2] an API key goes into the header, parameter or cookie that the provider names', () => {
    const key = (members: Record<string, string>): string[] =>
      onTheWire(recipeWith({ type: 'API_KEY', fields: [{ field_name: 'api_key' }], ...members }), { api_key: 'k' })
    expect(key({ auth_header_key_override: 'X-API-Key' })).toEqual(['header X-API-Key: k'])
    expect(key({ auth_query_key: 'apikey' })).toEqual(['query apikey: k'])
    expect(key({ auth_cookie_key: 'session' })).toEqual(['cookie session: k'])
  })

  test('[S0-4] user and password are joined by a colon before base64', () => {
    const recipe = recipeWith({ type: 'BASIC', fields: [{ field_name: 'username' }, { field_name: 'password' }] })
    const pair = Buffer.from('user:pässword').toString('base64')
    expect(onTheWire(recipe, { username: 'user', password: 'pässword' })).toEqual([`header Authorization: Basic ${pair}`])
  })

  test('[S0-6] custom headers are many, of any name, secret or plain', () => {
    const recipe = recipeWith({
      type: 'CUSTOM_HEADER',
      fields: [{ field_name: 'key', required: true }, { field_name: 'account' }],
      headers: [
        { name: 'X-Key', prefix: 'Token', value: '{{key}}' },
        { name: 'X-Signed', prefix: 'key=', value: '{{key}};v=1' },
        { name: 'X-Account', value: '{{account}}', secret: false },
        { name: 'X-Version', value: '2' },
      ],
    })
    expect(onTheWire(recipe, { key: 'k', account: 'a' })).toEqual([
      'header X-Key: Token k',
      'header X-Signed: key=k;v=1',
      'header X-Account: a',
      'header X-Version: 2',
    ])
    expect(recipe.family).toBe('custom')
    expect(recipe.fields.map((field) => [field.name, field.plain])).toEqual([
      ['key', false],
      ['account', true],
    ])
  })

  test('[S1-5] an override changes the name of the header and nothing else', () => {
    const override = { auth_header_key_override: 'X-Auth' }
    const bearer = recipeWith({ type: 'BEARER', fields: [{ field_name: 'token' }], ...override })
    expect(onTheWire(bearer, { token: 't' })).toEqual(['header X-Auth: Bearer t'])
    expect(onTheWire(recipeWith({ ...BASIC, ...override }), { username: 'u' })).toEqual([
      `header X-Auth: Basic ${Buffer.from('u:').toString('base64')}`,
    ])
  })

  test('[S1-6] prefix, suffix and default are literal and applied before base64', () => {
    const recipe = recipeWith({
      type: 'BASIC',
      fields: [{ field_name: 'username' }, { field_name: 'password' }],
      auth_field_mutations: { username: { suffix: '/token' }, password: { prefix: 'p-', default: 'X' } },
    })
    const sent = (values: Record<string, string>): string =>
      Buffer.from(onTheWire(recipe, values)[0]?.replace('header Authorization: Basic ', '') ?? '', 'base64').toString()
    expect(sent({ username: 'me@example.com', password: 'k' })).toBe('me@example.com/token:p-k')
    expect(sent({ username: 'me@example.com', password: '' })).toBe('me@example.com/token:p-X')
    expect(sent({ username: 'me@example.com' })).toBe('me@example.com/token:p-X')
  })

  test('[S1-6] a prefix of a mutation is not joined by a space', () => {
    const recipe = recipeWith({
      type: 'API_KEY',
      fields: [{ field_name: 'api_key' }],
      auth_field_mutations: { api_key: { prefix: 'Token' } },
    })
    expect(onTheWire(recipe, { api_key: 'k' })).toEqual(['header Authorization: Tokenk'])
  })

  test('[S1-12] a header of the same name says all of what the type would send', () => {
    const recipe = recipeWith({
      type: 'OAUTH',
      oauth_config: { authorize_uri: 'https://a.example.com/a', token_uri: 'https://a.example.com/t' },
      auth_header_key_override: 'X-Shop-Token',
      headers: [{ name: 'x-shop-token', value: '{{access_token}}' }],
    })
    expect(onTheWire(recipe, { access_token: 'at' })).toEqual(['header x-shop-token: at'])
  })

  test('[S1-2] each of several patterns gives its own recipe', () => {
    const payload = parseProvider(toBytes(payloadWith({ auth_patterns: [BASIC, { type: 'BEARER', fields: [{ field_name: 'token' }] }] })))
    expect([0, 1].map((i) => recipeFor(payload, i).authType)).toEqual(['BASIC', 'BEARER'])
    expect([0, 1].map((i) => recipeFor(payload, i).pattern)).toEqual([0, 1])
  })
})

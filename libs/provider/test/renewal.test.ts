import { describe, expect, test } from 'vitest'
import { decodeRecipe, encodeRecipe, fillHosts, fillUrl, PROVIDER_SCHEMA, reviewProvider, splitFields } from '../src/index.ts'
import { keyFields, resultNames } from '../src/renewal-index.ts'
import { oauthPattern, payloadWith, recipeWith, refusalOf, refusalOfPattern, toBytes } from './payload.ts'

const at = '/auth_patterns/0'
const login = {
  name: 'login',
  request: { url: 'https://login.example.com/session', json: { user: '{{user}}' } },
  extract: { ticket: '/ticket' },
}
const token = {
  name: 'token',
  request: { url: 'https://login.example.com/users/{{ticket}}/token', form: { ticket: '{{ticket}}' } },
  extract: { access_token: '/token' },
  expires_in: 600,
}
const custom = (steps: readonly object[], members: object = {}): Record<string, unknown> => ({
  type: 'CUSTOM',
  fields: [{ field_name: 'user', required: true }],
  steps,
  ...members,
})

describe('declared steps', () => {
  test('[S0-10] become a recipe that reads back the same, and whose results are sent as a bearer token', () => {
    const recipe = recipeWith(custom([login, token]))
    expect(decodeRecipe(encodeRecipe(recipe).bytes)).toEqual(recipe)
    expect(recipe).toMatchObject({ authType: 'CUSTOM', family: 'custom', refresh: { class: 'static' } })
    expect(recipe.placements).toEqual([{ in: 'header', name: 'Authorization', value: [{ literal: 'Bearer ' }, { field: 'access_token' }] }])
    expect(recipe.renewal && resultNames(recipe.renewal)).toEqual(['ticket', 'access_token'])
  })

  test('[S0-10] [S1-12] put what they obtain where the pattern says: headers, a parameter, a cookie', () => {
    const places = (members: object): unknown =>
      recipeWith(custom([login, token], members)).placements.map(({ in: place, name }) => [place, name])
    expect(places({ auth_query_key: 'key' })).toEqual([['query', 'key']])
    expect(places({ auth_cookie_key: 'sid' })).toEqual([['cookie', 'sid']])
    expect(places({ headers: [{ name: 'X-Ticket', value: '{{ticket}}' }] })).toEqual([
      ['header', 'Authorization'],
      ['header', 'X-Ticket'],
    ])
    const own = custom([{ ...login, extract: { ticket: '/ticket' } }], { headers: [{ name: 'X-Ticket', value: '{{ticket}}' }] })
    expect(recipeWith(own).placements.map(({ name }) => name)).toEqual(['X-Ticket'])
    expect(refusalOfPattern(custom([login]))).toEqual([`${at}/headers MISSING`])
  })

  test('[S0-10] [B-3] are bound to their hosts, a path up to the first result in it', () => {
    const recipe = recipeWith(custom([login, token]))
    expect(fillHosts(recipe, {}).token).toEqual(['https://login.example.com/session', 'https://login.example.com/users'])
    const shop = { ...login, request: { ...login.request, url: 'https://{{shop}}.example.com/x' } }
    const tenant = recipeWith(custom([shop, token], { account_fields: [{ field_name: 'shop' }] }))
    expect(fillHosts(tenant, { shop: 'acme' }).token[0]).toBe('https://acme.example.com/x')
    expect(fillUrl(recipe, token.request.url, { ticket: 'a' })).toBe('https://login.example.com/users/a/token')
  })

  test('[S0-10] go forward only: a jump to itself, back, or nowhere is refused with its place', () => {
    const jump = (forward: string): string[] => refusalOfPattern(custom([login, { ...token, on: { 409: { forward } } }]))
    expect(jump('token')).toEqual([`${at}/steps/1/on/409/forward LOOP`])
    expect(jump('login')).toEqual([`${at}/steps/1/on/409/forward LOOP`])
    expect(jump('nowhere')).toEqual([`${at}/steps/1/on/409/forward UNKNOWN_STEP`])
    expect(
      refusalOf(payloadWith({ auth_patterns: [custom([{ ...login, on: { 202: { forward: 'tokn' } } }, token])] }))?.details[0],
    ).toMatch(/`token`/)
    expect(refusalOfPattern(custom([{ ...login, on: { 202: { forward: 'token', extract: { ticket: '/t' } } } }, token]))).toEqual([])
  })

  test('[S0-10] use a result only where every way brings it', () => {
    const skipping = { ...login, on: { 202: { forward: 'token' } } }
    expect(refusalOfPattern(custom([skipping, token]))).toEqual([
      `${at}/steps/1/request/form/ticket UNDECLARED_FIELD`,
      `${at}/steps/1/request/url UNDECLARED_FIELD`,
    ])
    const early = { ...login, request: { ...login.request, headers: { 'X-T': '{{ticket}}' } } }
    expect(refusalOfPattern(custom([early, token]))).toEqual([`${at}/steps/0/request/headers/X-T UNDECLARED_FIELD`])
    expect(refusalOfPattern(custom([login, { ...token, on: { 204: { forward: 'end' } } }]))).toEqual([`${at}/steps UNDECLARED_FIELD`])
  })

  test.each([
    [
      'an unknown field in JSON',
      { ...login, request: { ...login.request, json: { a: ['{{usr}}'] } } },
      'request/json/a/0 UNDECLARED_FIELD',
    ],
    ['a result in the host', { ...token, request: { url: 'https://{{ticket}}.example.com/' } }, 'request/url UNDECLARED_FIELD'],
    ['two bodies', { ...login, request: { ...login.request, form: {} } }, 'request/json NOT_ALLOWED'],
    ['a body of a GET', { ...login, request: { ...login.request, method: 'GET' } }, 'request/json NOT_ALLOWED'],
    [
      'a header of the connection',
      { ...login, request: { ...login.request, headers: { Host: 'a' } } },
      'request/headers/Host RESERVED_NAME',
    ],
    ['a header twice', { ...login, request: { ...login.request, headers: { 'X-a': 'a', 'x-A': 'b' } } }, 'request/headers/x-A DUPLICATE'],
    ['a result with the name of a field', { ...login, extract: { ticket: '/t', user: '/u' } }, 'extract/user DUPLICATE'],
    ['no way to read a result', { ...login, extract: { ticket: 'ticket' } }, 'extract/ticket INVALID_VALUE'],
    ['a status that is none', { ...login, on: { 999: { fail: 'No.' } } }, 'on/999 INVALID_VALUE'],
    ['a status twice', { ...login, expect: [200], on: { 200: { fail: 'No.' } } }, 'on/200 DUPLICATE'],
    ['two meanings', { ...login, on: { 401: { fail: 'No.', continue: true } } }, 'on/401 NOT_ALLOWED'],
    ['an unknown member', { ...login, extracts: {} }, 'extracts UNKNOWN_MEMBER'],
    ['a lifetime of nothing', { ...login, expires_in: 0 }, 'expires_in INVALID_VALUE'],
    ['the name of the end', { ...login, name: 'end' }, 'name RESERVED_NAME'],
    ['a template that is none', { ...login, request: { ...login.request, json: '{{ user }}' } }, 'request/json INVALID_VALUE'],
  ])('[S1-9] are refused for %s', (_, step, fault) => {
    const steps = step.name === 'token' ? [login, step] : [step, token]
    expect(refusalOfPattern(custom(steps))).toContain(`${at}/steps/${step.name === 'token' ? 1 : 0}/${fault}`)
  })

  test('[S1-9] belong to CUSTOM, and CUSTOM to them', () => {
    expect(refusalOfPattern({ type: 'CUSTOM' })).toEqual([`${at}/steps MISSING`])
    expect(refusalOfPattern({ type: 'NONE', steps: [login] })).toEqual([`${at}/steps NOT_ALLOWED`])
    expect(refusalOfPattern(custom([login, { ...login, extract: { access_token: '/a' } }]))).toEqual([`${at}/steps/1/name DUPLICATE`])
  })

  test('[S0-10] write GraphQL and other texts with braces of their own', () => {
    const graphql = {
      ...login,
      request: {
        url: 'https://login.example.com/graphql',
        json: { query: 'mutation { login { ticket } }', variables: { user: '{{user}}' } },
      },
    }
    expect(refusalOfPattern(custom([graphql, token]))).toEqual([])
  })

  test('[S1-12] are in the published schema, and shown in the review', () => {
    expect(JSON.stringify(PROVIDER_SCHEMA)).toContain('"steps"')
    const review = reviewProvider(toBytes(payloadWith({ auth_patterns: [custom([login, token])], verify: { path: '/me' } })), {})
    expect(review.patterns[0]?.obtains).toEqual([
      'login: POST https://login.example.com/session (takes ticket from /ticket)',
      'token: POST https://login.example.com/users/{{ticket}}/token (takes access_token from /token; ends 600 s)',
    ])
    expect(review.warnings).toEqual([])
    expect(review.patterns[0]?.sends).toEqual(['Authorization: Bearer <access_token>'])
  })
})

describe('grants without a person', () => {
  const grant = (config: object, members: object = {}): Record<string, unknown> =>
    oauthPattern(
      { authorize_uri: undefined, ...config },
      { fields: [{ field_name: 'client_id' }, { field_name: 'client_secret' }], ...members },
    )

  test('[B-14] have a renewal in place of a sign-in, and ask for the client as fields that are needed', () => {
    const recipe = recipeWith(
      grant({ grant_type: 'client_credentials', available_scopes: [{ scope: 'a' }, { scope: 'b' }] }, { level: 'project' }),
    )
    expect(recipe.oauth).toBeUndefined()
    expect(recipe.renewal).toMatchObject({
      kind: 'client_credentials',
      clientAuth: 'client_secret_post',
      clientId: '{{client_id}}',
      clientSecret: '{{client_secret}}',
      parameters: [{ name: 'scope', value: 'a b' }],
    })
    expect(recipe).toMatchObject({ refresh: { class: 'static' }, level: 'project', family: 'oauth2' })
    expect(splitFields(recipe, []).faults.map(({ pointer }) => pointer)).toEqual(['/fields/client_id', '/fields/client_secret'])
    expect(decodeRecipe(encodeRecipe(recipe).bytes)).toEqual(recipe)
    expect(fillHosts(recipe, {}).token).toEqual(['https://auth.example.com/token'])
  })

  test('[B-14] let a field choose the host, since the secret is of whoever chooses', () => {
    const config = { grant_type: 'client_credentials', token_uri: 'https://{{domain}}/oauth/token' }
    const fields = ['client_id', 'client_secret', 'domain'].map((field_name) => ({ field_name }))
    const recipe = recipeWith(grant(config, { fields }))
    expect(fillHosts(recipe, { domain: 'acme.example.com' }).token).toEqual(['https://acme.example.com/oauth/token'])
  })

  test('[S0-10] that sign name the field of the key, which may have lines', () => {
    const config = { grant_type: 'jwt_bearer', assertion: { alg: 'RS256', issuer: '{{client_id}}', key: '{{pem}}' } }
    const recipe = recipeWith(grant(config, { fields: [{ field_name: 'client_id' }, { field_name: 'pem' }] }))
    expect([...keyFields(recipe)]).toEqual(['pem'])
    expect(recipe.renewal).toMatchObject({ clientAuth: 'none', assertion: { lifetimeS: 300, claims: [] } })
  })

  test('[S1-9] leave the claims and parameters alone that the platform writes', () => {
    const config = {
      grant_type: 'jwt_bearer',
      token_params: { grant_type: 'password', ok: '1' },
      assertion: { alg: 'RS256', issuer: 'a', claims: { exp: 1, tenant: 'x' } },
    }
    const fields = ['private_key'].map((field_name) => ({ field_name }))
    expect(refusalOfPattern(grant(config, { fields }))).toEqual([
      `${at}/oauth_config/assertion/claims/exp RESERVED_NAME`,
      `${at}/oauth_config/token_params/grant_type RESERVED_NAME`,
    ])
  })

  test('[B-14] leave recipes of a sign-in as they were, byte for byte', () => {
    expect(encodeRecipe(recipeWith(oauthPattern())).id).toBe('rcp_0024af1293e4e464cb3745c7869044d5a3ed17387e508a08220ba283991de6d1')
  })
})

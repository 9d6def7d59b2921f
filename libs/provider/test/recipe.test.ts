import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { decodeRecipe, encodeRecipe, parseProvider, probeOf, recipeOf, splitFields } from '../src/index.ts'
import { oauthPattern, recipeFor, recipeWith, refusal, seedBytes, withPattern } from './payload.ts'

const freshdesk = recipeFor(parseProvider(seedBytes('freshdesk')))
const OK_2XX = Array.from({ length: 100 }, (_, i) => 200 + i)

describe('recipeOf', () => {
  test('names the provider version and pattern it was made of', () => {
    expect(freshdesk).toMatchObject({
      format: 1,
      provider: { id: 'prov_test', version: 3, displayName: 'My Freshdesk' },
      pattern: 0,
      authType: 'BASIC',
      family: 'basic',
      level: 'user',
      proxyUrl: 'https://{{domain}}/api',
      proxyEnabled: true,
      refresh: { class: 'static' },
      extraHosts: [],
    })
  })

  test('[S1-8] proxy_enabled false goes into the recipe, where the vault refuses by it', () => {
    expect(recipeWith({ type: 'NONE' }, { proxy_enabled: false }).proxyEnabled).toBe(false)
  })

  test('[S1-7] scopes keep their names, descriptions and whether they are required', () => {
    expect(recipeFor(parseProvider(seedBytes('asana'))).oauth?.availableScopes).toEqual([
      { scope: 'profile', displayName: 'Profile', description: 'Access user profile information', required: true },
      { scope: 'email', displayName: 'Email', description: 'Access user email address', required: true },
    ])
    const recipe = recipeWith(oauthPattern({ available_scopes: [{ scope: 'read' }] }))
    expect(recipe.oauth?.availableScopes).toEqual([{ scope: 'read', required: false }])
  })

  test('[S0-5] a token endpoint without quirks is read as RFC 6749 says, and its grants as strict', () => {
    const recipe = recipeWith(oauthPattern())
    expect(recipe.oauth).toMatchObject({
      scopeSeparator: ' ',
      clientAuth: 'client_secret_post',
      bodyFormat: 'form',
      paths: {
        accessToken: '/access_token',
        refreshToken: '/refresh_token',
        expiresIn: '/expires_in',
        scope: '/scope',
        tokenType: '/token_type',
      },
      expiresInUnit: 's',
      authorizeParams: {},
      invalidGrantCodes: ['invalid_grant'],
    })
    expect(recipe.refresh).toEqual({ class: 'strict' })
    expect(recipe.revoke).toBeUndefined()
  })

  test('[S1-12] quirks of the provider hold for each pattern that has none of its own', () => {
    const shared = {
      level: 'project',
      token: {
        client_auth: 'client_secret_basic',
        body_format: 'json',
        ok: '/ok',
        invalid_grant_codes: ['bad'],
        paths: { access_token: '/user/token' },
      },
      refresh: {
        class: 'grace',
        grace_seconds: 60,
        idle_days: 90,
        lifetime_days: 365,
        budget: { requests: 10, seconds: 600 },
        permanent_errors: ['gone'],
      },
      revoke: { url: 'https://auth.example.com/revoke' },
    }
    const recipe = recipeWith(oauthPattern({ issuer: 'https://auth.example.com', authorize_params: { access_type: 'offline' } }), shared)
    expect(recipe.oauth).toMatchObject({
      clientAuth: 'client_secret_basic',
      bodyFormat: 'json',
      ok: { path: '/ok' },
      invalidGrantCodes: ['invalid_grant', 'bad'],
      paths: { accessToken: '/user/token', refreshToken: '/refresh_token' },
      issuer: 'https://auth.example.com',
      authorizeParams: { access_type: 'offline' },
    })
    const day = 86_400_000
    expect(recipe.refresh).toEqual({
      class: 'grace',
      graceMs: 60_000,
      idleMs: 90 * day,
      lifetimeMs: 365 * day,
      budget: { requests: 10, windowMs: 600_000 },
      permanentErrors: ['gone'],
    })
    expect(recipe.revoke).toEqual({ url: 'https://auth.example.com/revoke', scope: 'grant' })
    expect(recipe.level).toBe('project')
    const own = recipeWith(oauthPattern({}, { level: 'user', refresh: { class: 'static' }, token: {} }), shared)
    expect([own.level, own.refresh, own.oauth?.bodyFormat]).toEqual(['user', { class: 'static' }, 'form'])
  })

  test('[S1-13] an OAUTH pattern without a registered client has no recipe', () => {
    const payload = parseProvider(seedBytes('asana'))
    expect(refusal(() => recipeOf(payload, { providerId: 'prov_a', version: 1, pattern: 0 }))?.code).toBe('CLIENT_MISSING')
    expect(JSON.stringify(recipeFor(parseProvider(seedBytes('bearer'))))).not.toContain('ocl_')
  })

  test('a pattern that the provider does not have is refused', () => {
    expect(refusal(() => recipeFor(parseProvider(seedBytes('asana')), 1))).toMatchObject({
      code: 'INVALID_REQUEST',
      faults: ['/pattern NOT_ALLOWED'],
    })
  })
})

describe('splitFields', () => {
  test('[S1-4] values that stand in the base URL are plain, all others are sealed whatever their input', () => {
    expect(splitFields(freshdesk, ['username', 'domain'])).toEqual({ plain: ['domain'], secret: ['username'], faults: [] })
  })

  test('[S1-4] account fields are plain and required ones are asked for', () => {
    const recipe = recipeWith(oauthPattern({}, { account_fields: [{ field_name: 'team', required: true }, { field_name: 'region' }] }))
    expect(splitFields(recipe, ['team', 'region'])).toEqual({ plain: ['team', 'region'], secret: [], faults: [] })
    expect(splitFields(recipe, []).faults.map((f) => `${f.pointer} ${f.code}`)).toEqual(['/fields/team MISSING'])
  })

  test('[S1-4] a field is required when the URL or the credential would be empty without it', () => {
    const recipe = recipeWith(
      { type: 'API_KEY', fields: [{ field_name: 'api_key', required: false }, { field_name: 'site' }, { field_name: 'note' }] },
      { proxy_url: 'https://{{site}}.example.com' },
    )
    expect(recipe.fields.filter((field) => field.required).map((field) => field.name)).toEqual(['api_key', 'site'])
    const defaulted = recipeWith({
      type: 'BASIC',
      fields: [{ field_name: 'username' }, { field_name: 'password' }],
      auth_field_mutations: { username: { default: 'api' } },
    })
    expect(defaulted.fields.some((field) => field.required)).toBe(false)
  })

  test('[S1-4] an unknown name is refused with the one that is near', () => {
    const { faults } = splitFields(freshdesk, ['user_name', 'domain', 'username', 'zzzzzzzzzzz'])
    expect(faults.map((f) => `${f.pointer} ${f.code}`)).toEqual(['/fields/user_name UNKNOWN_MEMBER', '/fields/zzzzzzzzzzz UNKNOWN_MEMBER'])
    expect(faults[0]?.detail).toContain('`username`')
  })

  test('[S1-4] label, hint and input come from the payload', () => {
    expect(freshdesk.fields[1]).toEqual({
      name: 'username',
      label: 'API Key',
      hint: 'Your Freshdesk API Key',
      inputType: 'text',
      required: true,
      plain: false,
      account: false,
    })
  })
})

describe('probeOf', () => {
  test('a declared call comes first, the one of the pattern before the one of the provider', () => {
    const verify = {
      method: 'POST',
      url: 'https://api.example.com/me',
      expect: [200],
      account_id: '/id',
      account_name: '/a~1b',
      ok: '/ok',
      body: '{}',
    }
    const payload = withPattern(oauthPattern({ user_info_uri: 'https://api.example.com/info' }, { verify }), { verify: { path: '/other' } })
    expect(probeOf(payload, 0)).toEqual({
      method: 'POST',
      url: 'https://api.example.com/me',
      expect: [200],
      accountId: '/id',
      accountName: '/a~1b',
      ok: { path: '/ok' },
      body: '{}',
    })
    expect(recipeFor(payload).probe).toEqual(probeOf(payload, 0))
  })

  test('without one, user_info_uri proves the credential by any 2xx', () => {
    expect(probeOf(parseProvider(seedBytes('asana')), 0)).toEqual({
      method: 'GET',
      url: 'https://app.asana.com/api/1.0/users/me',
      expect: OK_2XX,
    })
  })

  test('without either there is none', () => {
    expect(probeOf(parseProvider(seedBytes('bearer')), 0)).toBeUndefined()
  })
})

describe('the bytes of a recipe', () => {
  const rich = recipeWith(oauthPattern({ available_scopes: [{ scope: 'a' }] }), {
    display_name: 'Ünï "x"',
    revoke: { url: 'https://a.example/r' },
    verify: { path: '/me' },
  })

  test.each([['freshdesk', freshdesk] as const, ['oauth', rich] as const])('%s comes back from its bytes', (_, recipe) => {
    expect(decodeRecipe(encodeRecipe(recipe).bytes)).toEqual(recipe)
  })

  test('the id is the SHA-256 of the bytes and does not depend on the order of members', () => {
    const { id, bytes } = encodeRecipe(rich)
    expect(id).toBe(`rcp_${createHash('sha256').update(bytes).digest('hex')}`)
    const turned = Object.fromEntries(Object.entries(rich).reverse()) as unknown as typeof rich
    expect(encodeRecipe(turned).id).toBe(id)
    expect(encodeRecipe({ ...rich, pattern: 1 }).id).not.toBe(id)
  })

  test('the bytes are sorted JSON without white space', () => {
    const text = Buffer.from(encodeRecipe(freshdesk).bytes).toString()
    expect(text.startsWith('{"authType":"BASIC","extraHosts":[],"family":"basic","fields":[{"account":false,')).toBe(true)
  })

  test('members that a newer writer adds are kept', () => {
    const newer = { ...freshdesk, note: { b: 1, a: 2 } }
    expect(decodeRecipe(encodeRecipe(newer).bytes)).toEqual(newer)
  })

  test('anything else is refused', () => {
    const text = Buffer.from(encodeRecipe(freshdesk).bytes).toString()
    const decode = (changed: string): string | undefined => refusal(() => decodeRecipe(Buffer.from(changed)))?.code
    expect(decode(text)).toBeUndefined()
    for (const changed of [
      `${text} `,
      text.replace('"format":1', '"format":2'),
      text.replace('"in":"header"', '"in":"body"'),
      text.replace('"proxyUrl"', '"proxyurl"'),
      JSON.stringify(freshdesk),
      '{}',
      '',
    ]) {
      expect(decode(changed)).toBe('INVALID_REQUEST')
    }
  })
})

import { isCoded } from '@credence/errors'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeRecipe,
  encodeRecipe,
  fillHosts,
  type ProviderPayload,
  parseProvider,
  recipeOf,
  reviewProvider,
  splitFields,
} from '../src/index.ts'
import { oauthPattern, payloadWith, refusal, refusalOfPattern, seedBytes, toBytes, withPattern } from './payload.ts'

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

/** A payload that uses nearly every member, so that a change anywhere meets a rule. */
const RICH = payloadWith({
  auth_patterns: [
    oauthPattern(
      {
        token_uri: 'https://{{shop}}.shop.example/token',
        available_scopes: [{ scope: 'read', required: true }],
        authorize_params: { prompt: 'consent' },
        issuer: 'https://auth.example.com',
      },
      {
        account_fields: [{ field_name: 'shop', required: true }],
        refresh: { class: 'grace', grace_seconds: 5 },
        revoke: { url: 'https://a.example/r' },
      },
    ),
    {
      type: 'BASIC',
      fields: [{ field_name: 'shop' }, { field_name: 'username' }, { field_name: 'password', input_type: 'password' }],
      auth_header_key_override: 'X-Auth',
      auth_field_mutations: { password: { default: 'X' } },
      headers: [{ name: 'X-Shop', prefix: 'Id', value: '{{shop}}', secret: false }],
    },
    { type: 'API_KEY', fields: [{ field_name: 'shop' }, { field_name: 'api_key' }], auth_query_key: 'key' },
    {
      type: 'CUSTOM',
      fields: [{ field_name: 'shop' }, { field_name: 'secret' }],
      sign: { hmac: { hash: 'sha1', key: '{{secret}}', message: '{{@body}}', headers: [{ name: 'X-S', value: '{{@signature}}' }] } },
    },
    {
      type: 'CUSTOM',
      fields: [{ field_name: 'shop' }, { field_name: 'secret' }],
      sign: { jwt: { alg: 'HS256', key: '{{secret}}', claims: { iss: '{{shop}}', aud: ['a'] }, lifetime_seconds: 60 } },
    },
  ],
  proxy_url: 'https://{{shop}}.shop.example/api',
  extra_hosts: ['https://up.example.com'],
  verify: { path: '/me?x={{shop}}', expect: [200], account_name: '/name' },
  token: { paths: { access_token: '/at' } },
}) as { [name: string]: Json }

/** Strings that mean something to one rule or another. */
const loaded = fc.constantFrom(
  'OAUTH',
  'NONE',
  'BEARER',
  'API_KEY',
  'CUSTOM',
  'token',
  'shop',
  '{{shop}}',
  '{{',
  '{{nobody}}',
  '{{@signature}}',
  '{{@body}}',
  'https://{{shop}}',
  'https://{{shop}}.a.example/{{shop}}?{{shop}}',
  'http://127.0.0.1:1',
  'https://169.254.169.254',
  'https://a.example/..',
  'Host',
  'X-A',
  'a\r\nb',
  '',
  '/',
  '/x',
  'strict',
  'user',
  '__proto__',
  'constructor',
)
const anyJson: fc.Arbitrary<Json> = fc.oneof(
  loaded,
  fc.jsonValue({ maxDepth: 2 }).map((value) => value as Json),
)

/** Puts `value` in the place that the numbers in `path` lead to. */
function planted(node: Json, path: readonly number[], value: Json): Json {
  const [step, ...rest] = path
  if (step === undefined || typeof node !== 'object' || node === null) return value
  const names = Object.keys(node)
  if (names.length === 0) return value
  const name = names[step % names.length] ?? ''
  if (Array.isArray(node)) return node.map((item, i) => (String(i) === name ? planted(item, rest, value) : item))
  return { ...node, [name]: planted(node[name] ?? null, rest, value) }
}

const changed = fc
  .array(fc.tuple(fc.array(fc.nat(30), { minLength: 1, maxLength: 6 }), anyJson), { minLength: 1, maxLength: 3 })
  .map((changes) => changes.reduce<Json>((payload, [path, value]) => planted(payload, path, value), RICH))

/** What must hold of every payload that is accepted. */
function holds(payload: ProviderPayload): void {
  payload.auth_patterns.forEach((_, pattern) => {
    const recipe = recipeOf(payload, { providerId: 'prov_a', version: 1, pattern, clientId: 'ocl_a' })
    expect(decodeRecipe(encodeRecipe(recipe).bytes)).toEqual(recipe)
    const names = recipe.fields.map((field) => field.name)
    expect(splitFields(recipe, names).faults).toEqual([])
    const hosts = fillHosts(recipe, Object.fromEntries(names.map((name) => [name, 'a'])))
    for (const host of Object.values(hosts).flat()) {
      expect(new URL(host).username).toBe('')
      expect(host).toMatch(/^https:\/\/|^http:\/\/(127\.|localhost|10\.|192\.168\.|172\.|100\.|\[::1\])/)
      expect(host).not.toMatch(/[{}?#]|\/$/)
    }
  })
}

describe('whatever is sent as a payload', () => {
  test('[S1-9] a changed payload is refused with faults or holds all that recipes promise', () => {
    let accepted = 0
    fc.assert(
      fc.property(changed, (value) => {
        const bytes = toBytes(value)
        const refused = refusal(() => parseProvider(bytes))
        if (refused !== undefined) {
          expect(refused.code).toBe('INVALID_PROVIDER')
          expect(refused.faults.length).toBeGreaterThan(0)
          return
        }
        accepted++
        holds(parseProvider(bytes))
        expect(reviewProvider(bytes, { previous: parseProvider(toBytes(RICH)) }).patterns.length).toBeGreaterThan(0)
      }),
      { numRuns: 2500 },
    )
    expect(accepted).toBeGreaterThan(50)
  })

  test('[S1-9] bytes of any kind are answered with faults', () => {
    const seed = Buffer.from(seedBytes('freshdesk'))
    const damaged = fc.tuple(fc.nat(seed.length - 1), fc.nat(255), fc.nat(40)).map(([at, byte, cut]) => {
      const bytes = Buffer.from(seed)
      bytes[at] = byte
      return cut === 0 ? bytes.subarray(0, at) : bytes
    })
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 200 })), (bytes) => {
        try {
          parseProvider(bytes)
        } catch (error) {
          expect(isCoded(error)).toBe(true)
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('[S1-9] JSON without repeated members is never said to repeat one', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        expect(refusal(() => parseProvider(toBytes({ 'x-a': value })))?.faults.some((fault) => fault.endsWith('DUPLICATE_MEMBER'))).toBe(
          false,
        )
      }),
    )
  })
})

describe('a field in the host of an OAuth URL', () => {
  const members = ['authorize_uri', 'token_uri', 'user_info_uri']
  const hosts = [
    '{{f}}',
    '{{f}}.com',
    '{{f}}.',
    'a.{{f}}',
    'a-{{f}}',
    '{{f}}-a',
    '{{f}}-a.com',
    'api.{{f}}.com',
    '{{f}}:443',
    'a.b.{{f}}',
    '{{f}}.shop.example',
    'x-{{f}}.shop.example',
    '{{f}}.eu.shop.example',
    '{{f}}.1.2',
  ]
  const values = [
    'acme',
    'evil.com',
    'evil.com/',
    'evil.com?',
    'evil.com#',
    'evil.com\\',
    'evil.com:443',
    'x@evil.com',
    'evil.com%2f',
    'evil.com%00',
    '127.0.0.1',
    '2130706433',
    '[::1]',
    '::1',
    '169.254.169.254',
    'metadata.google.internal',
    '',
    '.',
    '..',
    '-',
    'a.',
    '.a',
    'evil。com',
    'ｅvil',
    '\tevil.com',
    'evil.com\r\n',
    ' ',
    'a'.repeat(64),
    'xn--a',
    'EVIL',
  ]

  test('[S1-3] no payload and no value together call a foreign host', () => {
    let filled = 0
    for (const member of members) {
      for (const host of hosts) {
        const pattern = oauthPattern({ [member]: `https://${host}/t` }, { account_fields: [{ field_name: 'f' }] })
        if (refusalOfPattern(pattern).length > 0) continue
        const suffix = host.slice(host.indexOf('.'))
        const recipe = recipeOf(withPattern(pattern), { providerId: 'prov_a', version: 1, pattern: 0, clientId: 'ocl_a' })
        for (const value of values) {
          if (refusal(() => fillHosts(recipe, { f: value })) !== undefined) continue
          filled++
          const { token, verify } = fillHosts(recipe, { f: value })
          for (const base of [...token, ...verify].filter((url) => !url.startsWith('https://auth.example.com/'))) {
            expect(new URL(base).hostname.endsWith(suffix), `${host} ${value}`).toBe(true)
            expect(new URL(base).hostname.split('.').length).toBe(host.split('.').length)
          }
        }
      }
    }
    expect(filled).toBeGreaterThan(0)
  })
})

import { fillHosts, parseProvider, recipeOf, reviewProvider } from '@credence/provider'
import { describe, expect, test } from 'vitest'
import { catalogEntries, catalogEntry } from './index.ts'

const REQUIRED = ['airtable', 'asana', 'freshdesk', 'github', 'google', 'hubspot', 'meta', 'notion', 'openai', 'slack', 'stripe']
const entries = catalogEntries()

test('[B-12] the well-known providers are there, sorted, each found by its slug', () => {
  const slugs = entries.map((entry) => entry.slug)
  expect(slugs).toEqual([...slugs].sort())
  expect(REQUIRED.filter((slug) => !slugs.includes(slug))).toEqual([])
  expect(catalogEntry('asana')).toEqual(entries.find((entry) => entry.slug === 'asana')?.bytes)
})

test.each(['', 'nobody', '../package', '../providers/asana', 'asana.json'])('%j is no entry', (slug) => {
  expect(catalogEntry(slug)).toBeUndefined()
})

describe.each(entries.map((entry) => [entry.slug, entry.bytes] as const))('%s', (_, bytes) => {
  const payload = parseProvider(bytes)
  const patterns = payload.auth_patterns.map((pattern, index) => ({ pattern, index }))

  test('[B-12] says when it was checked and where its documentation is', () => {
    expect(JSON.parse(Buffer.from(bytes).toString())['x-checked']).toMatch(/^20\d\d-\d\d-\d\d$/)
    expect(payload.docs).toMatch(/^https:/)
  })

  test('[B-12] every OAuth pattern declares how refresh tokens behave', () => {
    const undeclared = patterns.filter(({ pattern }) => pattern.type === 'OAUTH' && pattern.refresh === undefined)
    expect(undeclared).toEqual([])
  })

  test('[B-2] every pattern declares the call that proves it, and its review warns of nothing', () => {
    for (const { index, pattern } of patterns) expect(pattern.verify ?? payload.verify, `pattern ${index}`).toBeDefined()
    expect(reviewProvider(bytes, {}).warnings).toEqual([])
  })

  test('every pattern has a recipe whose hosts can be filled over TLS', () => {
    for (const { index } of patterns) {
      const recipe = recipeOf(payload, { providerId: 'prov_catalog', version: 1, pattern: index, clientId: 'ocl_catalog' })
      const plain = Object.fromEntries(recipe.fields.filter((field) => field.plain).map((field) => [field.name, 'acme']))
      const hosts = fillHosts(recipe, plain)
      expect(hosts.use.length).toBeGreaterThan(0)
      expect(hosts.verify).toHaveLength(1)
      expect(
        Object.values(hosts)
          .flat()
          .filter((host) => !host.startsWith('https://')),
      ).toEqual([])
      expect(recipe.placements.length).toBeGreaterThan(0)
    }
  })

  test('secrets are masked on the form', () => {
    for (const { pattern } of patterns) {
      const shown = pattern.fields?.filter((field) => ['token', 'api_key', 'password', 'username'].includes(field.field_name))
      expect(shown?.every((field) => field.input_type === 'password') ?? true).toBe(true)
    }
  })
})

test('[S2-10] the review says which channels it is for and what the client needs', () => {
  const { patterns } = reviewProvider(catalogEntry('meta') ?? new Uint8Array(), {})
  expect(patterns[0]?.channels?.map(({ channel }) => channel)).toEqual(['whatsapp', 'instagram', 'messenger'])
  expect(patterns[0]?.clientFields?.map(({ field_name }) => field_name)).toEqual(['config_id'])
  expect(patterns[0]?.sends).toEqual([
    'Authorization: Bearer <access_token>',
    '?appsecret_proof=hmac-sha256(<client secret>, <access_token>)',
  ])
})

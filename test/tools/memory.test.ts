import { createCredence } from '@credence/sdk'
import { scanMemory, tempHome } from '@credence/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connect, type LocalJourney, registerProviders, startInside, startOutside, USER } from '../support/journey.ts'
import { type Platform, startPlatform } from '../support/platform.ts'
import { SECRETS } from '../support/world.ts'

const CALLS = 1_000
const AT_ONCE = 16
/** Answers without repeating what it got: what an API echoes passes the TLS layer's own buffers before anybody can wipe it. */
const QUIET = '/status/200'
const QUERY_SECRET = 'canary-query-5b1f7730c9de'
/** As long as a JWT: memory that is freed behind it is not used again at once. */
const LONG_SECRET = `canary-long-${'91c0f2a7e6d83b54'.repeat(80)}`

const home = tempHome()
let journey: LocalJourney
let platform: Platform
const credentials: Record<string, string> = {}

beforeAll(async () => {
  journey = await startInside(home.path, await startOutside())
  await registerProviders(journey)
  for (const name of ['asana', 'freshdesk', 'attention'] as const) credentials[name] = await connect(journey, name)
  const provider = await journey.credence.providers.create(
    JSON.stringify({
      display_name: 'Key in query',
      auth_patterns: [{ type: 'API_KEY', auth_query_key: 'key', fields: [{ field_name: 'api_key', required: true }] }],
      proxy_url: 'https://api.example.com',
      proxy_enabled: true,
    }),
  )
  credentials.query = (await journey.ann.credentials.create({ providerId: provider.id, fields: { api_key: QUERY_SECRET } })).id
  const bearer = await journey.credence.providers.create(
    JSON.stringify({
      display_name: 'Long token',
      auth_patterns: [{ type: 'BEARER', fields: [{ field_name: 'token', required: true }] }],
      proxy_url: 'https://api.example.com',
      proxy_enabled: true,
    }),
  )
  credentials.long = (await journey.ann.credentials.create({ providerId: bearer.id, fields: { token: LONG_SECRET } })).id
  journey.world.apis.bearer.accept(({ query, token }) => query.get('key') === QUERY_SECRET || token === LONG_SECRET)
  // The secrets came in through this process: the calls are made by one that never saw them but in the vault's hands.
  await journey.platform.process.stop()
  platform = await startPlatform({ home: home.path, env: journey.world.env })
}, 120_000)
afterAll(async () => {
  await platform.process.stop()
  await journey.person.leave()
  await journey.world.close()
  home.remove()
})

/** Of the raw form the second half: what has been freed has lost its beginning, and no more. */
const formsOf = (secret: string): Record<string, Buffer> => ({
  raw: Buffer.from(secret.slice(secret.length / 2)),
  utf16: Buffer.from(secret, 'utf16le'),
  base64: Buffer.from(Buffer.from(`${secret}:`).toString('base64')),
  hex: Buffer.from(Buffer.from(secret).toString('hex')),
})

test('[S2-17] a second after a thousand calls of each placement no secret is left in memory, aborted calls included', async () => {
  const ann = createCredence({ apiUrl: platform.admin, proxyUrl: platform.data, key: journey.platform.key ?? '', user: USER })
  for (const id of Object.values(credentials)) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, lane) => callMany(ann, { id, path: QUIET, lane })))
  }
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  const token = journey.world.apis.asana.requests.at(-1)?.headers.authorization?.replace('Bearer ', '') ?? ''
  const secrets: Record<string, string> = {
    header: SECRETS.attention,
    basic: SECRETS.freshdesk,
    query: QUERY_SECRET,
    oauth: token,
    long: LONG_SECRET,
  }
  for (const [name, secret] of Object.entries(secrets)) {
    const found = scanMemory(platform.process.pid, formsOf(secret))
    console.log(`memory after ${CALLS} calls, ${name}: ${JSON.stringify(found)}`)
    expect(found, name).toEqual({ raw: 0, utf16: 0, base64: 0, hex: 0 })
  }
  // The scan finds what is there: the admin key of these calls, which is the caller's own.
  expect(scanMemory(platform.process.pid, { key: Buffer.from(journey.platform.key ?? '') }).key).toBeGreaterThan(0)
}, 300_000)

async function callMany(ann: ReturnType<typeof createCredence>, call: { id: string; path: string; lane: number }): Promise<void> {
  for (let i = call.lane; i < CALLS; i += AT_ONCE) {
    if (i % 20 === 0) {
      const signal = AbortSignal.timeout(20)
      await ann.fetch(call.id, '/never', { signal }).catch(() => undefined)
    } else {
      const response = await ann.fetch(call.id, call.path)
      await response.arrayBuffer()
      if (response.status !== 200) throw new TypeError(`${call.path} answered ${response.status}`)
    }
  }
}

test('for the refresh path the figure is reported', async () => {
  const ann = createCredence({ apiUrl: platform.admin, proxyUrl: platform.data, key: journey.platform.key ?? '', user: USER })
  const before = new Set(journey.world.asana.tokens())
  journey.world.apis.asana.accept(async ({ token }) => token !== undefined && !before.has(token))
  expect((await ann.fetch(credentials.asana ?? '', '/1.0/tasks')).status).toBe(200)
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  const fresh = journey.world.asana.tokens().filter((token) => !before.has(token))
  const resident = fresh.filter((token) =>
    Object.values(scanMemory(platform.process.pid, { token: Buffer.from(token) })).some((count) => count > 0),
  )
  console.log(`memory after a refresh: ${resident.length} of ${fresh.length} new tokens resident after 1 s`)
  expect(fresh.length).toBeGreaterThan(0)
})

import { copyFileSync, rmSync } from 'node:fs'
import { createCredence } from '@credence/sdk'
import { tempHome } from '@credence/testkit'
import { afterAll, expect, test } from 'vitest'
import { startPlatform } from '../support/platform.ts'
import { SECRETS, startWorld } from '../support/world.ts'

const home = tempHome()
const other = tempHome()
afterAll(() => {
  home.remove()
  other.remove()
})

test('a second start finds everything as it was, and shows no key', async () => {
  const world = await startWorld()
  const first = await startPlatform({ home: home.path, env: world.env })
  const key = first.key ?? ''
  const ann = createCredence({ apiUrl: first.admin, proxyUrl: first.data, key, user: 'ann' })
  const provider = await ann.providers.create(
    JSON.stringify({
      display_name: 'B',
      auth_patterns: [{ type: 'BEARER', fields: [{ field_name: 'token', required: true }] }],
      proxy_url: 'https://api.example.com',
      proxy_enabled: true,
    }),
  )
  const { id } = await ann.credentials.create({ providerId: provider.id, fields: { token: SECRETS.bearer } })
  await first.process.stop()
  expect((await first.process.exited).code).toBe(0)

  const second = await startPlatform({ home: home.path, env: world.env })
  expect(second.key).toBeUndefined()
  const again = createCredence({ apiUrl: second.admin, proxyUrl: second.data, key, user: 'ann' })
  expect((await again.credentials.get(id)).status).toBe('active')
  expect((await again.fetch(id, '/echo')).status).toBe(200)
  await second.process.stop()
  await world.close()
}, 120_000)

test('[B-7] the key of another installation is named at start, beside the one that is needed', async () => {
  const stranger = await startPlatform({ home: other.path })
  await stranger.process.stop()
  rmSync(`${home.path}/key`)
  copyFileSync(`${other.path}/key`, `${home.path}/key`)
  await expect(startPlatform({ home: home.path })).rejects.toThrow(/written with key [0-9a-f]{8}, you gave [0-9a-f]{8}/)
}, 120_000)

test('a second platform on the same folder is refused, and the first goes on', async () => {
  const first = await startPlatform({ home: other.path })
  await expect(startPlatform({ home: other.path })).rejects.toThrow(/STORE_UNAVAILABLE|in use|another/i)
  expect((await fetch(`${first.admin}/openapi.json`)).status).toBe(200)
  await first.process.stop()
}, 120_000)

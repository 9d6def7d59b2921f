import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { haveMongodb, haveNats, haveRedis, searchForCanaries } from '@credence/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect, credentialOf } from '../support/journey.ts'
import { SECRETS } from '../support/world.ts'
import { consumerSettingsIn, type Stranger, strangerAt } from './forgery.ts'
import { pythonWithNats } from './python.ts'
import { LANGUAGES, SOON, type SubscribedPlatform, startSubscribedPlatform } from './subscribed-platform.ts'

const python = await pythonWithNats()
const ready = python !== undefined && (await haveNats()) && (await haveRedis()) && (await haveMongodb())

const text = (path: string): string => readFileSync(fileURLToPath(new URL(path, import.meta.url)), 'utf8')
const MINUTE = { timeout: 60_000 }
/** Where a person must not be sent. */
const TRAP = 'https://login.attacker.example/r/cred'

describe.skipIf(!ready)('subscribers to the event stream', () => {
  let platform: SubscribedPlatform
  let stranger: Stranger

  beforeAll(async () => {
    platform = await startSubscribedPlatform(python ?? '')
    const { journey, nats } = platform
    const { id: project } = await journey.credence.project.get()
    stranger = await strangerAt(nats, { project, subject: credentialOf(journey, 'asana') })
  })

  afterAll(async () => {
    await stranger?.close()
    await platform?.close()
  })

  /** What the API says of the account that the stranger speaks of; when it was last looked at is no part of its state. */
  async function stateOfAsana(): Promise<object> {
    const { ann } = platform.journey
    const id = credentialOf(platform.journey, 'asana')
    const { lastUsedAt: _used, lastVerifiedAt: _verified, ...credential } = await ann.credentials.get(id)
    return { ...credential, plan: await ann.credentials.plan(id) }
  }

  const tokenRequests = (): number =>
    platform.journey.world.asana.ledger().filter(({ kind }) => kind === 'token' || kind === 'revoke').length

  test('[C-2] [S2-9] an expiry reaches both languages once, with its reason and the link to reconnect', MINUTE, async () => {
    const expiry = await platform.revoke('acme')
    for (const language of LANGUAGES) await expect.poll(() => platform.told(language, 'acme'), SOON).toEqual([expiry])
  })

  test('[C-2] a forged message changes nothing in the platform, and nothing of what the API says', MINUTE, async () => {
    const before = await stateOfAsana()
    const requests = tokenRequests()
    expect(before).toMatchObject({ status: 'active' })
    const forged = { reason: 'refresh_refused', reconnect_url: TRAP }
    await stranger.forge({ type: 'credential.expired', source: 'token-refresher', data: forged }, 3)
    for (const type of ['credential.revoked', 'credential.refresh_failed', 'credential.secret_replaced', 'credential.refused'])
      await stranger.forge({ type, source: 'vault', data: { version: 99, reason: 'refresh_refused' } })
    for (const type of ['credential.deleted', 'credential.disabled', 'credential.connected'])
      await stranger.forge({ type, source: 'registry', data: { version: 99 } })
    for (const type of ['credential.expired', 'credential.deleted', 'credential.refused']) await stranger.litter(type)
    await expect.poll(() => stranger.isQuiet(), SOON).toBe(true)
    expect(await stateOfAsana()).toEqual(before)
    expect(tokenRequests()).toBe(requests)
    expect((await platform.call('asana')).status).toBe(200)
    // The platform was told: it looked for itself.
    const log = platform.journey.platform.printed().stderr.split('\n')
    expect(log.some((line) => line.includes('"verifier.refusal_seen"') && line.includes(stranger.subject))).toBe(true)
    // The subscribers, too, were told: a repeat once, and what is no event not at all.
    const hint = { credential_id: stranger.subject, ...forged }
    for (const language of LANGUAGES) expect(platform.told(language, 'asana')).toEqual([hint])
  })

  test('[C-2] a subscriber that was down reads what it missed, and nothing again', MINUTE, async () => {
    expect(await platform.unsubscribe('python')).toBe(0)
    const missed = await platform.revoke('asana')
    await expect.poll(() => platform.told('typescript', 'asana').at(-1), SOON).toEqual(missed)
    platform.subscribe('python')
    await expect.poll(() => platform.told('python', 'asana'), SOON).toEqual([missed])
    expect(platform.told('python', 'acme')).toEqual([])

    expect(await platform.unsubscribe('typescript')).toBe(0)
    const credentialId = credentialOf(platform.journey, 'acme')
    expect(await connect(platform.journey, 'acme', { credentialId })).toBe(credentialId)
    const again = await platform.revoke('acme')
    await expect.poll(() => platform.told('python', 'acme'), SOON).toEqual([again])
    platform.subscribe('typescript')
    await expect.poll(() => platform.told('typescript', 'acme'), SOON).toEqual([again])
    expect(platform.told('typescript', 'asana')).toEqual([])
  })

  test('both subscribe as the AsyncAPI document says, and know no other code of the platform', async () => {
    const settings = consumerSettingsIn(text('../../libs/events/asyncapi.yaml'))
    for (const language of LANGUAGES) {
      const held = await stranger.consumer(`expiry-${language}`)
      expect(held).toMatchObject({ ...settings, filter_subject: 'credence.v1.*.credential.expired.*' })
    }
    for (const script of [text('subscriber.ts'), text('subscriber.py')]) {
      expect(script).not.toMatch(/@credence|from '\.|from \./)
      expect(script.trimEnd().split('\n').length).toBeLessThanOrEqual(60)
    }
  })

  test('[S2-19] they printed no secret', async () => {
    const { asana, acme } = platform.journey.world
    const tokens = [...asana.tokens(), ...acme.tokens()]
    expect(tokens.length).toBeGreaterThan(4)
    const secrets = { ...SECRETS, client: acme.client.clientSecret, key: platform.journey.platform.key ?? '' }
    const named = Object.fromEntries(tokens.map((token, index) => [`token_${index}`, token]))
    expect(platform.printed()).toContain('"reason":"refresh_refused"')
    expect(await searchForCanaries({ texts: { printed: platform.printed() }, secrets: { ...secrets, ...named } })).toEqual([])
  })
})

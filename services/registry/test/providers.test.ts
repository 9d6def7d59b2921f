import { callAs } from '@credence/rpc'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeOf, connected, type Person, Platform, PUBLIC_URL, payload, provider } from './platform.ts'

let platform: Platform
let admin: Person

beforeAll(async () => {
  platform = await Platform.start()
  admin = await platform.person('id:administrator')
})
afterAll(() => platform.stop())

const create = (payloadJson: Buffer, more: { validateOnly?: boolean; requestId?: string } = {}) =>
  admin.gateway.createProvider({ payloadJson, ...more }, callAs(admin.principal))
const list = async () => (await admin.gateway.listProviders({ pageSize: 200 }, callAs(admin.principal))).providers

describe('the payload', () => {
  test.each(['asana', 'bearer', 'freshdesk', 'attention'] as const)('[S1-1] of %s comes back byte for byte', async (name) => {
    const bytes = payload(name)
    const { provider: created } = await create(bytes)
    const providerId = created?.id ?? ''
    const { provider: got } = await admin.gateway.getProvider({ providerId }, callAs(admin.principal))
    const listed = (await list()).find(({ id }) => id === providerId)
    for (const one of [created, got, listed]) expect(one?.payloadJson.equals(bytes)).toBe(true)
    const { provider: updated } = await admin.gateway.updateProvider({ providerId, payloadJson: bytes }, callAs(admin.principal))
    expect(updated).toMatchObject({ id: providerId, version: 2, origin: 'own' })
    expect(updated?.payloadJson.equals(bytes)).toBe(true)
  })

  test('[S1-9] with faults is refused with all of them, each with its pointer, and saves nothing', async () => {
    const before = (await list()).length
    const broken = { ...JSON.parse(payload('bearer').toString()), proxy_enabld: true, proxy_url: 7 }
    const refused = await create(Buffer.from(JSON.stringify(broken))).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'INVALID_PROVIDER' })
    const { faults } = (refused as { details: { faults: { pointer: string }[] } }).details
    expect(faults.map(({ pointer }) => pointer)).toEqual(expect.arrayContaining(['/proxy_enabld', '/proxy_url']))
    expect(await list()).toHaveLength(before)
  })

  test('of more than 256 KiB is refused before it is parsed', async () => {
    expect(await codeOf(create(Buffer.alloc(300 * 1024, ' ')))).toBe('REQUEST_TOO_LARGE')
  })

  test('of the catalogue is taken by its slug, and an unknown slug is refused', async () => {
    const created = await admin.gateway.createProvider({ catalogSlug: 'github' }, callAs(admin.principal))
    expect(created.provider).toMatchObject({ version: 1, origin: 'github' })
    expect(await codeOf(admin.gateway.createProvider({ catalogSlug: '../secrets' }, callAs(admin.principal)))).toBe('INVALID_REQUEST')
  })
})

describe('a review', () => {
  test('[S1-11] tells what would be saved and saves nothing', async () => {
    const before = (await list()).length
    const { provider: saved, reviewJson } = await create(payload('freshdesk'), { validateOnly: true })
    expect(saved).toBeUndefined()
    expect(JSON.parse(reviewJson.toString())).toMatchObject({ displayName: 'My Freshdesk', patterns: [{ type: 'BASIC' }] })
    expect(await list()).toHaveLength(before)
  })

  test('[S1-11] warns of a name that is used already, but not by the provider itself', async () => {
    const named = Buffer.from(payload('bearer').toString().replace('My Bearer Token Provider', 'Twice'))
    const again = Buffer.from(payload('bearer').toString().replace('My Bearer Token Provider', ' TWICE'))
    const warnings = (bytes: Buffer): string[] => JSON.parse(bytes.toString()).warnings.map(({ code }: { code: string }) => code)
    const first = await create(named)
    const second = await create(again)
    expect(warnings(second.reviewJson)).toHaveLength(warnings(first.reviewJson).length + 1)
  })

  test('[S1-11] of an update shows the difference and counts the live credentials that keep their version', async () => {
    const providerId = await provider(platform)
    await connected(platform, admin, { providerId })
    const payloadJson = Buffer.from(payload('bearer').toString().replace('https://api.example.com', 'https://api2.example.com'))
    const wanted = { providerId, payloadJson }
    const reviewed = await admin.gateway.updateProvider({ ...wanted, validateOnly: true }, callAs(admin.principal))
    expect([reviewed.provider, reviewed.kept]).toEqual([undefined, 1])
    expect(JSON.parse(reviewed.reviewJson.toString())).toMatchObject({ live: 1, changes: [{ pointer: '/proxy_url' }] })
    const updated = await admin.gateway.updateProvider(wanted, callAs(admin.principal))
    expect([updated.provider?.version, updated.kept]).toEqual([2, 1])
  })
})

describe('versions', () => {
  test('stay readable, and a live credential keeps its own until it is reconnected', async () => {
    const providerId = await provider(platform)
    const credentialId = await connected(platform, admin, { providerId })
    const payloadJson = Buffer.from(payload('bearer').toString().replace('https://api.example.com', 'https://api2.example.com'))
    await admin.gateway.updateProvider({ providerId, payloadJson }, callAs(admin.principal))
    const first = await admin.gateway.getProvider({ providerId, version: 1 }, callAs(admin.principal))
    expect(first.provider?.payloadJson.equals(payload('bearer'))).toBe(true)
    expect(await codeOf(admin.gateway.getProvider({ providerId, version: 3 }, callAs(admin.principal)))).toBe('NOT_FOUND')
    const before = await admin.gateway.get({ credentialId }, callAs(admin.principal))
    expect(before.credential?.providerVersion).toBe(1)
    const { providerVersion } = await admin.gateway.reserve({ credentialId }, callAs(admin.principal))
    const candidateId = platform.vault.seal(credentialId, platform.project)
    const session = { credentialId, candidateId, providerVersion, pattern: 0 }
    const { credential } = await admin.gateway.connect(session, callAs(admin.principal))
    expect(credential?.providerVersion).toBe(2)
  })

  test('made by two at once are two versions, and none is lost', async () => {
    const providerId = await provider(platform)
    const update = (url: string) => {
      const payloadJson = Buffer.from(payload('bearer').toString().replace('https://api.example.com', url))
      return admin.gateway.updateProvider({ providerId, payloadJson }, callAs(admin.principal))
    }
    const made = await Promise.all([update('https://a.example.com'), update('https://b.example.com')])
    expect(made.map(({ provider: one }) => one?.version).sort()).toEqual([2, 3])
    for (const { provider: one } of made) {
      const again = await admin.gateway.getProvider({ providerId, version: one?.version ?? 0 }, callAs(admin.principal))
      expect(again.provider?.payloadJson.equals(one?.payloadJson ?? Buffer.alloc(0))).toBe(true)
    }
  })
})

describe('creating and deleting', () => {
  test('twice with one request id makes one provider; with another body it is refused', async () => {
    const [one, two] = await Promise.all([create(payload('bearer'), { requestId: 'r-1' }), create(payload('bearer'), { requestId: 'r-1' })])
    expect(one.provider?.id).toBe(two.provider?.id)
    expect(await codeOf(create(payload('attention'), { requestId: 'r-1' }))).toBe('IDEMPOTENCY_CONFLICT')
    platform.clock.jumpWall(25 * 3_600_000)
    expect(await codeOf(create(payload('attention'), { requestId: 'r-1' }))).toBe('no error')
  })

  test('is refused with their number while credentials use it, and final after', async () => {
    const providerId = await provider(platform)
    const credentialId = await connected(platform, admin, { providerId })
    const remove = () => admin.gateway.deleteProvider({ providerId }, callAs(admin.principal))
    const refused = await remove().catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'PROVIDER_IN_USE', details: { facts: { credentials: '1' } } })
    await admin.gateway.delete({ credentialId }, callAs(admin.principal))
    await remove()
    expect(await codeOf(admin.gateway.getProvider({ providerId }, callAs(admin.principal)))).toBe('NOT_FOUND')
    expect((await list()).map(({ id }) => id)).not.toContain(providerId)
    expect((await platform.heard('provider.deleted', providerId))[0]?.data).toMatchObject({ version: 1 })
  })

  test('a list of large ones comes in pages that a message can carry', async () => {
    const large = { ...JSON.parse(payload('bearer').toString()), 'x-note': 'n'.repeat(250 * 1024) }
    const payloadJson = Buffer.from(JSON.stringify(large))
    const made: string[] = []
    for (let i = 0; i < 5; i++) made.push((await create(payloadJson)).provider?.id ?? '')
    const found: string[] = []
    let pageToken = ''
    do {
      const page = await admin.gateway.listProviders({ pageSize: 200, pageToken }, callAs(admin.principal))
      found.push(...page.providers.map(({ id }) => id))
      pageToken = page.nextPageToken
    } while (pageToken !== '')
    expect(found).toEqual(expect.arrayContaining(made))
    expect(new Set(found).size).toBe(found.length)
    for (const providerId of made) await admin.gateway.deleteProvider({ providerId }, callAs(admin.principal))
  })

  test('takes the scope for providers, and another project does not see it', async () => {
    const member = { ...admin.principal, scopes: ['sessions'] }
    expect(await codeOf(admin.gateway.createProvider({ payloadJson: payload('bearer') }, callAs(member)))).toBe('SCOPE_REQUIRED')
    const providerId = await provider(platform)
    expect(await codeOf(admin.gateway.getProvider({ providerId }, callAs(member)))).toBe('no error')
    const foreign = { ...admin.principal, project: `proj_${'1'.repeat(26)}` }
    expect(await codeOf(admin.gateway.getProvider({ providerId }, callAs(foreign)))).toBe('NOT_FOUND')
  })
})

describe('the OAuth client', () => {
  test('[S1-13] is one per provider, keeps its redirect address when its id is replaced, and holds no secret', async () => {
    const { provider: created } = await create(payload('asana'))
    const providerId = created?.id ?? ''
    const put = (oauthClientId: string) => admin.gateway.putClient({ providerId, oauthClientId }, callAs(admin.principal))
    expect(await codeOf(admin.gateway.getClient({ providerId }, callAs(admin.principal)))).toBe('CLIENT_MISSING')
    const [{ client: one }, { client: two }] = [await put('first'), await put('second')]
    expect(one?.redirectUri).toBe(`${PUBLIC_URL}/oauth/callback/${one?.id}`)
    expect(two).toMatchObject({ id: one?.id, redirectUri: one?.redirectUri, oauthClientId: 'second' })
    const { client } = await admin.gateway.getClient({ providerId }, callAs(admin.principal))
    expect(client).toMatchObject({ oauthClientId: 'second', providerId })
  })

  test('[S1-13] of a provider without an OAuth pattern, or with an unusable id, is refused', async () => {
    const put = async (providerId: string, oauthClientId: string) =>
      codeOf(admin.gateway.putClient({ providerId, oauthClientId }, callAs(admin.principal)))
    expect(await put(await provider(platform), 'client')).toBe('INVALID_REQUEST')
    expect(await put((await create(payload('asana'))).provider?.id ?? '', 'line\nbreak')).toBe('INVALID_REQUEST')
  })
})

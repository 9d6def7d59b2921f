import { callAs, servicePrincipal } from '@credence/rpc'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeOf, connected, type Person, Platform, PUBLIC_URL, payload, provider, SESSION } from './platform.ts'

let platform: Platform
let ann: Person
let bearer: string

beforeAll(async () => {
  platform = await Platform.start()
  ann = await platform.person('id:ann')
  bearer = await provider(platform)
})
afterAll(() => platform.stop())

const reserve = async (options: { level?: string; requestId?: string; credentialId?: string; label?: string; user?: string } = {}) => {
  const wanted = options.credentialId === undefined ? { providerId: bearer, ...options } : options
  return (await ann.gateway.reserve(wanted, callAs(ann.principal))).credentialId
}
const connect = (
  credentialId: string,
  candidateId: string,
  more: { account?: { id: string; name: string }; confirmAccountChange?: boolean } = {},
) => ann.gateway.connect({ credentialId, candidateId, sessionId: SESSION, verified: true, ...more }, callAs(ann.principal))

describe('a first connect', () => {
  test('[S2-3] leaves a credential invisible until its secret is confirmed, then active', async () => {
    const { gateway, principal } = ann
    const { credentialId, family, reconnect, recipeId } = await gateway.reserve({ providerId: bearer }, callAs(principal))
    expect([family, reconnect]).toEqual(['bearer', false])
    expect(platform.vault.recipes.has(recipeId)).toBe(true)
    expect(await codeOf(gateway.get({ credentialId }, callAs(principal)))).toBe('NOT_FOUND')
    const listed = await gateway.list({}, callAs(principal))
    expect(listed.credentials.map(({ id }) => id)).not.toContain(credentialId)
    const { credential } = await connect(credentialId, platform.vault.seal(credentialId, platform.project))
    expect(credential).toMatchObject({ id: credentialId, status: 'active', health: 'ok', level: 'user', label: 'My Bearer Token Provider' })
    expect(credential?.reconnectUrl).toBe(`${PUBLIC_URL}/r/${credentialId}`)
    expect(platform.vault.fence(credentialId)).toMatchObject({ state: 'active', owner: { user: principal.user, names: ['id:ann'] } })
  })

  test('tells the world with two facts, once, however often it is repeated', async () => {
    const credentialId = await reserve()
    const candidateId = platform.vault.seal(credentialId, platform.project)
    await Promise.all(Array.from({ length: 5 }, () => connect(credentialId, candidateId)))
    const calls = platform.vault.log.length
    const { credential } = await connect(credentialId, candidateId)
    expect(credential?.status).toBe('active')
    expect(platform.vault.log).toHaveLength(calls)
    await ann.gateway.disable({ credentialId }, callAs(ann.principal))
    await platform.heard('credential.disabled', credentialId)
    const mine = platform.facts.filter(({ subject }) => subject === credentialId).map(({ type }) => type)
    expect(mine).toEqual(['credential.created', 'credential.connected', 'credential.disabled'])
    const created = platform.facts.find(({ subject, type }) => subject === credentialId && type === 'credential.created')
    expect(created?.data).toMatchObject({ provider_id: bearer, family: 'bearer', level: 'user', owner: ann.principal.user, version: 1 })
  })

  test('for another user takes the scope act_for, also when that user exists', async () => {
    const member = { ...ann.principal, scopes: ['sessions'] }
    const reserveFor = (user: string, as = member) => codeOf(ann.gateway.reserve({ providerId: bearer, user }, callAs(as)))
    await platform.person('id:bob')
    expect(await reserveFor('id:bob')).toBe('SCOPE_REQUIRED')
    expect(await reserveFor('id:ann')).toBe('no error')
    expect(await reserveFor('id:bob', { ...member, scopes: ['sessions', 'act_for'] })).toBe('no error')
    expect(await reserveFor('id:never-mentioned')).toBe('NOT_FOUND')
  })

  test('without a user is refused, because nobody would own it', async () => {
    const nobody = { ...ann.principal, user: '', userNames: [] }
    expect(await codeOf(ann.gateway.reserve({ providerId: bearer }, callAs(nobody)))).toBe('USER_REQUIRED')
  })

  test('[S1-13] of an OAuth provider without client tells administrators what to do and others whom to ask', async () => {
    const { gateway, principal } = ann
    const { provider: asana } = await gateway.createProvider({ payloadJson: payload('asana') }, callAs(principal))
    const providerId = asana?.id ?? ''
    const refused = (scopes: string[]) =>
      gateway.reserve({ providerId }, callAs({ ...principal, scopes })).catch((error: unknown) => error as Error & { code: string })
    const forPeople = await refused(['sessions'])
    expect(forPeople).toMatchObject({ code: 'CLIENT_MISSING', message: expect.stringContaining('ask an administrator') })
    const forAdministrators = await refused(['sessions', 'clients'])
    expect(forAdministrators).toMatchObject({ message: expect.stringContaining(`${PUBLIC_URL}/oauth/callback/ocl_`) })
    await gateway.putClient({ providerId, oauthClientId: 'client-1' }, callAs(principal))
    const reserved = await gateway.reserve({ providerId }, callAs(principal))
    expect(reserved).toMatchObject({ family: 'oauth2', redirectUri: `${PUBLIC_URL}/oauth/callback/${reserved.clientId}` })
  })

  test('[S2-20] of a project credential takes the scope for it and shares it with the project at once', async () => {
    const { gateway, principal } = ann
    const member = { ...principal, scopes: ['sessions', 'credentials.write'] }
    expect(await codeOf(gateway.reserve({ providerId: bearer, level: 'project' }, callAs(member)))).toBe('SCOPE_REQUIRED')
    const credentialId = await connected(platform, ann, { providerId: bearer, level: 'project' })
    const bob = await platform.person('id:bob')
    const { credential } = await bob.gateway.get({ credentialId }, callAs(bob.principal))
    expect(credential).toMatchObject({
      level: 'project',
      owner: { user: principal.user },
      shares: [{ subject: 'project', permission: 'use' }],
    })
    expect(platform.vault.fence(credentialId)?.shares).toMatchObject([{ subject: 'project', names: [], permission: 'use' }])
    expect(await codeOf(bob.gateway.disable({ credentialId }, callAs(bob.principal)))).toBe('SCOPE_REQUIRED')
  })

  test('fifty times in parallel with one request id is one credential', async () => {
    const ids = await Promise.all(Array.from({ length: 50 }, () => reserve({ requestId: 'fifty', label: 'one' })))
    expect(new Set(ids).size).toBe(1)
    expect(await codeOf(reserve({ requestId: 'fifty', label: 'another' }))).toBe('IDEMPOTENCY_CONFLICT')
  })

  test('that is repeated after the credential was deleted does not bring its id back', async () => {
    const credentialId = await reserve({ requestId: 'gone' })
    await connect(credentialId, platform.vault.seal(credentialId, platform.project))
    await ann.gateway.delete({ credentialId }, callAs(ann.principal))
    expect(await codeOf(reserve({ requestId: 'gone' }))).toBe('NOT_FOUND')
  })

  test('[S2-4] beside another of the same provider adds one, told apart by its label', async () => {
    const carl = await platform.person('id:carl')
    const one = await connected(platform, carl, { providerId: bearer, label: 'work' })
    const two = await connected(platform, carl, { providerId: bearer, label: 'home' })
    const { credentials } = await carl.gateway.list({}, callAs({ ...carl.principal }))
    const own = credentials.filter(({ owner }) => owner?.user === carl.principal.user)
    expect(own.map(({ id, label }) => [id, label]).sort()).toEqual(
      [
        [one, 'work'],
        [two, 'home'],
      ].sort(),
    )
  })
})

describe('a reconnect', () => {
  test('[S2-9] of an expired credential keeps its id, its shares and its account', async () => {
    const account = { id: 'acc-1', name: 'Ann' }
    const credentialId = await connected(platform, ann, { providerId: bearer, account })
    await ann.gateway.share({ credentialId, with: 'id:bob', permission: 'use' }, callAs(ann.principal))
    await platform.as('token-refresher').markExpired({ credentialId, version: 1, reason: 'refresh_refused' })
    expect(platform.vault.fence(credentialId)?.state).toBe('expired')
    expect(await reserve({ credentialId })).toBe(credentialId)
    const { credential } = await connect(credentialId, platform.vault.seal(credentialId, platform.project), { account })
    expect(credential).toMatchObject({ id: credentialId, status: 'active', reason: '', account })
    expect(credential?.shares).toHaveLength(1)
    expect(platform.vault.fence(credentialId)).toMatchObject({ state: 'active', reason: '' })
  })

  test('with another account promotes nothing until the change is confirmed', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer, account: { id: 'acc-1', name: 'Ann' } })
    const candidateId = platform.vault.seal(credentialId, platform.project)
    const account = { id: 'acc-2', name: 'Other' }
    const before = platform.vault.children.get(credentialId)?.version
    expect(await codeOf(connect(credentialId, candidateId, { account }))).toBe('ACCOUNT_MISMATCH')
    expect(platform.vault.children.get(credentialId)?.version).toBe(before)
    const { credential } = await connect(credentialId, candidateId, { account, confirmAccountChange: true })
    expect(credential?.account).toMatchObject(account)
    const facts = await platform.heard('credential.connected', credentialId, 2)
    expect(facts.map(({ data }) => data.account_changed)).toEqual([false, true])
  })

  test('of a disabled credential is refused before a secret is asked for', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    await ann.gateway.disable({ credentialId }, callAs(ann.principal))
    expect(await codeOf(reserve({ credentialId }))).toBe('CREDENTIAL_DISABLED')
    const candidateId = platform.vault.seal(credentialId, platform.project)
    expect(await codeOf(connect(credentialId, candidateId))).toBe('CREDENTIAL_DISABLED')
  })

  test('that meets a disable half-way ends disabled, in the registry and in the vault', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    const candidateId = platform.vault.seal(credentialId, platform.project)
    const release = platform.vault.hold('promote')
    const connecting = codeOf(connect(credentialId, candidateId))
    await expect.poll(() => platform.vault.log.at(-1)).toBe('promote')
    await ann.gateway.disable({ credentialId }, callAs(ann.principal))
    release()
    expect(await connecting).toBe('CREDENTIAL_DISABLED')
    const { credential } = await ann.gateway.get({ credentialId }, callAs(ann.principal))
    expect(credential?.status).toBe('disabled')
    expect(platform.vault.fence(credentialId)?.state).toBe('disabled')
  })

  test('by the gateway itself is for the user that it names, who must be one who may manage it', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    const order = callAs(servicePrincipal('gateway', platform.project))
    expect(await codeOf(ann.gateway.reserve({ credentialId, user: 'id:bob' }, order))).toBe('NOT_FOUND')
    expect(await codeOf(ann.gateway.reserve({ credentialId, user: 'id:ann' }, order))).toBe('no error')
  })

  test('by somebody who may only use it is refused', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    const bob = await platform.person('id:bob')
    expect(await codeOf(bob.gateway.reserve({ credentialId }, callAs(bob.principal)))).toBe('NOT_FOUND')
    await ann.gateway.share({ credentialId, with: 'id:bob', permission: 'use' }, callAs(ann.principal))
    expect(await codeOf(bob.gateway.reserve({ credentialId }, callAs(bob.principal)))).toBe('SCOPE_REQUIRED')
  })
})

describe('what stops half-way', () => {
  test('a reconnect whose answer was lost, then expired, ends active in the vault as well when it is repeated', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    const candidateId = platform.vault.seal(credentialId, platform.project)
    platform.vault.loseAnswer('promote')
    expect(await codeOf(connect(credentialId, candidateId))).toBe('UNAVAILABLE')
    await platform.as('token-refresher').markExpired({ credentialId, version: 1, reason: 'refresh_refused' })
    const { credential } = await connect(credentialId, candidateId)
    expect(credential?.status).toBe('active')
    expect(platform.vault.fence(credentialId)?.state).toBe('active')
  })

  test('a reconnect that was promoted while somebody disabled it stays disabled, and is enabled as active', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    await platform.as('token-refresher').markExpired({ credentialId, version: 1, reason: 'refresh_refused' })
    const release = platform.vault.holdAnswer('promote')
    const connecting = connect(credentialId, platform.vault.seal(credentialId, platform.project))
    await expect.poll(() => platform.vault.fence(credentialId)?.state).toBe('active')
    await ann.gateway.disable({ credentialId }, callAs(ann.principal))
    release()
    expect((await connecting).credential?.status).toBe('disabled')
    expect(platform.vault.fence(credentialId)?.state).toBe('disabled')
    const { credential } = await ann.gateway.enable({ credentialId }, callAs(ann.principal))
    expect(credential?.status).toBe('active')
  })

  test('a connect whose answer from the vault was lost is finished by the sweeper', async () => {
    const credentialId = await reserve()
    const candidateId = platform.vault.seal(credentialId, platform.project)
    platform.vault.refuse('promote', 'UNAVAILABLE')
    expect(await codeOf(connect(credentialId, candidateId))).toBe('UNAVAILABLE')
    expect(await codeOf(ann.gateway.get({ credentialId }, callAs(ann.principal)))).toBe('NOT_FOUND')
    platform.clock.jumpWall(120_000)
    await expect.poll(() => platform.afterSweep(() => codeOf(ann.gateway.get({ credentialId }, callAs(ann.principal))))).toBe('no error')
    expect(platform.vault.fence(credentialId)?.state).toBe('active')
  })

  test('a reconnect that stopped before its fence was changed is finished with a newer fence than that one', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    platform.vault.loseAnswer('promote')
    expect(await codeOf(connect(credentialId, platform.vault.seal(credentialId, platform.project)))).toBe('UNAVAILABLE')
    await ann.gateway.share({ credentialId, with: 'id:bob', permission: 'use' }, callAs(ann.principal))
    const shared = platform.vault.fence(credentialId)?.generation ?? 0
    platform.clock.jumpWall(120_000)
    await expect.poll(() => platform.afterSweep(() => platform.vault.fence(credentialId)?.generation)).toBeGreaterThan(shared)
    expect(platform.vault.fence(credentialId)?.shares).toHaveLength(1)
    await platform.heard('credential.connected', credentialId, 2)
  })

  test('a connect whose candidate is over is dropped, and the old secret stays in force', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    expect(await codeOf(connect(credentialId, `cand_${'0'.repeat(26)}`))).toBe('NOT_FOUND')
    const { credential } = await ann.gateway.get({ credentialId }, callAs(ann.principal))
    expect(credential?.status).toBe('active')
    const parents = await platform.store.collection({ name: 'registry_credentials', indexes: [] })
    expect(await parents.get(credentialId)).not.toHaveProperty('promoting')
  })

  test('a reservation that nobody finished is gone after a day, with its candidate', async () => {
    const credentialId = await reserve()
    platform.vault.seal(credentialId, platform.project)
    platform.clock.jumpWall(25 * 3_600_000)
    await expect.poll(() => platform.afterSweep(() => platform.vault.destroyed.map((order) => order.credentialId))).toContain(credentialId)
    const parents = await platform.store.collection({ name: 'registry_credentials', indexes: [] })
    await expect.poll(() => parents.get(credentialId)).toBeUndefined()
  })
})

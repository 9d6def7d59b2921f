import { callAs } from '@credence/rpc'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeOf, connected, type Person, Platform, provider } from './platform.ts'

let platform: Platform
let ann: Person
let bearer: string

beforeAll(async () => {
  platform = await Platform.start()
  ann = await platform.person('id:ann')
  bearer = await provider(platform)
})
afterAll(() => platform.stop())

const change = {
  disable: (credentialId: string) => ann.gateway.disable({ credentialId }, callAs(ann.principal)),
  enable: (credentialId: string) => ann.gateway.enable({ credentialId }, callAs(ann.principal)),
  share: (credentialId: string) => ann.gateway.share({ credentialId, with: 'id:bob', permission: 'use' }, callAs(ann.principal)),
  unshare: (credentialId: string) => ann.gateway.unshare({ credentialId, with: 'id:bob' }, callAs(ann.principal)),
  transfer: (credentialId: string) => ann.gateway.transfer({ credentialId, to: 'id:bob' }, callAs(ann.principal)),
  expire: (credentialId: string) => platform.as('token-refresher').markExpired({ credentialId, version: 1, reason: 'refresh_refused' }),
}
const statusOf = async (credentialId: string) => (await ann.gateway.get({ credentialId }, callAs(ann.principal))).credential?.status

describe('a change of who may use a credential', () => {
  test.each(['disable', 'share', 'transfer', 'expire'] as const)('%s is not answered before the vault holds it', async (name) => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    const release = platform.vault.hold('setAccess')
    const order: string[] = []
    const answered = change[name](credentialId).then(() => order.push('answered'))
    await expect.poll(() => platform.vault.log.at(-1)).toBe('setAccess')
    order.push('vault has it')
    release()
    await answered
    expect(order).toEqual(['vault has it', 'answered'])
    expect(platform.vault.log.at(-1)).toBe('setAccess answered')
    expect(platform.vault.fence(credentialId)?.generation).toBe(2)
  })

  test('[S2-3] that the vault refuses is an error, is retried by itself, and holds at last', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    platform.vault.refuse('setAccess', 'AUDIT_UNAVAILABLE')
    expect(await codeOf(change.disable(credentialId))).toBe('AUDIT_UNAVAILABLE')
    expect(platform.vault.fence(credentialId)?.state).toBe('active')
    await expect.poll(() => platform.afterSweep(() => platform.vault.fence(credentialId)?.state)).toBe('disabled')
  })

  test('that the vault never answers is an error in time, and repeating it tells when it holds', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    const release = platform.vault.hold('setAccess')
    expect(await platform.unanswered('setAccess', () => change.disable(credentialId))).toBe('DEADLINE_EXCEEDED')
    expect(await statusOf(credentialId)).toBe('disabled')
    expect(await platform.unanswered('setAccess', () => change.disable(credentialId))).toBe('DEADLINE_EXCEEDED')
    release()
    expect(await codeOf(change.disable(credentialId))).toBe('no error')
    expect(platform.vault.fence(credentialId)?.state).toBe('disabled')
  })

  test('survives a restart of the registry before the vault was told', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    const release = platform.vault.hold('setAccess')
    expect(await platform.unanswered('setAccess', () => change.disable(credentialId))).toBe('DEADLINE_EXCEEDED')
    platform.vault.refuse('setAccess', 'UNAVAILABLE', 'UNAVAILABLE')
    release()
    await platform.stopRegistry()
    await platform.startRegistry()
    ann = await platform.person('id:ann')
    await expect.poll(() => platform.afterSweep(() => platform.vault.fence(credentialId)?.state)).toBe('disabled')
  })

  test('made by ten callers at once leaves the vault with the newest, which holds all of them', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    const grantees = Array.from({ length: 10 }, (_, i) => `id:grantee-${i}`)
    await Promise.all(
      grantees.map((grantee) => ann.gateway.share({ credentialId, with: grantee, permission: 'use' }, callAs(ann.principal))),
    )
    const held = platform.vault.fence(credentialId)
    expect(held?.shares.flatMap(({ names }) => names).sort()).toEqual(grantees)
    expect(held?.generation).toBe(11)
  })

  test('that a newer one overtook on its way is held by the newer one, and answered', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    const release = platform.vault.holdNext('setAccess')
    const first = change.share(credentialId)
    await expect.poll(() => platform.vault.log.at(-1)).toBe('setAccess')
    await ann.gateway.share({ credentialId, with: 'id:carl', permission: 'use' }, callAs(ann.principal))
    release()
    expect(await codeOf(first)).toBe('no error')
    expect(platform.vault.fence(credentialId)).toMatchObject({ generation: 3, shares: [{ names: ['id:bob'] }, { names: ['id:carl'] }] })
  })

  test('that is so already writes nothing and pushes nothing', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    const { credential } = await change.disable(credentialId)
    expect(credential).toMatchObject({ status: 'disabled', reason: 'disabled_by_caller', health: '' })
    const calls = platform.vault.log.length
    await change.disable(credentialId)
    expect(platform.vault.log).toHaveLength(calls)
  })
})

describe('the legal moves', () => {
  test('[S2-3] a refusal names both states and, for an expired one, where to reconnect', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    await change.expire(credentialId)
    const refused = await change.enable(credentialId).catch((error: unknown) => error)
    expect(refused).toMatchObject({
      code: 'ILLEGAL_MOVE',
      message: expect.stringMatching(/expired.*active/),
      details: { credentialId, reconnectUrl: expect.stringContaining(`/r/${credentialId}`), facts: { from: 'expired', to: 'active' } },
    })
  })

  test('what had expired before it was disabled is expired again, with its reason, once enabled', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    await change.expire(credentialId)
    await change.disable(credentialId)
    const { credential } = await change.enable(credentialId)
    expect(credential).toMatchObject({ status: 'expired', reason: 'refresh_refused' })
    expect(platform.vault.fence(credentialId)).toMatchObject({ state: 'expired', reason: 'refresh_refused' })
  })

  test('a disabled credential is never expired behind the back of who disabled it', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    await change.disable(credentialId)
    expect(await codeOf(change.expire(credentialId))).toBe('ILLEGAL_MOVE')
    expect(await statusOf(credentialId)).toBe('disabled')
  })

  test('enabling a grant that is due refreshes it at once and tells how that went', async () => {
    const asana = await provider(platform, 'asana')
    const expiresAt = new Date(platform.clock.now() + 10_000)
    const credentialId = await connected(platform, ann, { providerId: asana, expiresAt, scopes: ['profile'] })
    await change.disable(credentialId)
    const later = new Date(platform.clock.now() + 3_600_000)
    platform.vault.refreshAnswer = { outcome: 'refreshed', version: 2, expiresAt: later }
    const { refreshOutcome, credential } = await change.enable(credentialId)
    expect(refreshOutcome).toBe('refreshed')
    expect(credential).toMatchObject({ status: 'active', expiresAt: later, scopes: ['profile'] })
    expect(platform.vault.refreshed).toEqual([{ credentialId, expectedVersion: 1, cause: 'enable' }])
    await change.disable(credentialId)
    expect((await change.enable(credentialId)).refreshOutcome).toBe('')
  })
})

describe('MarkExpired', () => {
  test('[S2-9] is idempotent, gives the lasting address, and leaves the event to the refresher', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    const first = await change.expire(credentialId)
    const second = await change.expire(credentialId)
    expect([first.changed, second.changed]).toEqual([true, false])
    expect(second.reconnectUrl).toBe(`https://credence.example/r/${credentialId}`)
    await ann.gateway.delete({ credentialId }, callAs(ann.principal))
    await platform.heard('credential.deleted', credentialId)
    expect(platform.facts.filter(({ type }) => type === 'credential.expired')).toEqual([])
  })

  test('about a secret that was replaced since is refused, and the new one stays in force', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    await platform.as('verifier').reportHealth({ credentialId, version: 2, health: 'ok' })
    expect(await codeOf(change.expire(credentialId))).toBe('CONFLICT')
    expect(await statusOf(credentialId)).toBe('active')
  })

  test('is open to the token-refresher alone', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    const asked = platform.as('verifier').markExpired({ credentialId, version: 1, reason: 'mine' })
    expect(await codeOf(asked)).toBe('SCOPE_REQUIRED')
  })
})

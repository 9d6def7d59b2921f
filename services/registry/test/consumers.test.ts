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

const bind = async (credentialId: string, externalRef: string, more: { requestId?: string; kind?: string } = {}) =>
  (await ann.gateway.bindConsumer({ credentialId, kind: 'tool', externalRef, ...more }, callAs(ann.principal))).consumer?.id ?? ''
const remove = (credentialId: string, force: boolean) => ann.gateway.delete({ credentialId, force }, callAs(ann.principal))

describe('consumers', () => {
  test('[S2-4] many share one credential, and it answers where it is used', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    const ids = [
      await bind(credentialId, 'crm'),
      await bind(credentialId, 'slack', { kind: 'channel' }),
      await bind(credentialId, 'bot', { kind: 'agent' }),
    ]
    const { credential } = await ann.gateway.get({ credentialId }, callAs(ann.principal))
    expect(credential?.consumerCount).toBe(3)
    const first = await ann.gateway.listConsumers({ credentialId, pageSize: 2 }, callAs(ann.principal))
    const second = await ann.gateway.listConsumers({ credentialId, pageToken: first.nextPageToken }, callAs(ann.principal))
    expect([...first.consumers, ...second.consumers].map(({ id }) => id).sort()).toEqual(ids.sort())
    expect(second.nextPageToken).toBe('')
  })

  test('[S2-6] are told the id of the parent and nothing else of it', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    const { consumer } = await ann.gateway.bindConsumer({ credentialId, kind: 'tool', externalRef: 'crm' }, callAs(ann.principal))
    const { _unknownFields, ...members } = consumer ?? {}
    expect(Object.keys(members).sort()).toEqual([
      'agent',
      'boundAt',
      'channel',
      'credentialId',
      'externalRef',
      'id',
      'kind',
      'label',
      'nativeId',
    ])
    expect(consumer?.credentialId).toBe(credentialId)
  })

  test('bound fifty times with one request id are one; another body is refused', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    const ids = await Promise.all(Array.from({ length: 50 }, () => bind(credentialId, 'crm', { requestId: 'bind-1' })))
    expect(new Set(ids).size).toBe(1)
    expect(await codeOf(bind(credentialId, 'other', { requestId: 'bind-1' }))).toBe('IDEMPOTENCY_CONFLICT')
    await platform.heard('consumer.bound', ids[0] ?? '')
    expect(platform.facts.filter(({ subject }) => subject === ids[0])).toHaveLength(1)
  })

  test('are unbound by whoever bound them or manages the credential, by nobody else', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    const consumerId = await bind(credentialId, 'crm')
    const bob = await platform.person('id:bob')
    const unbind = (who: Person) => codeOf(who.gateway.unbindConsumer({ consumerId }, callAs(who.principal)))
    expect(await unbind(bob)).toBe('NOT_FOUND')
    expect(await unbind(ann)).toBe('no error')
    expect(await unbind(ann)).toBe('no error')
    const { consumers } = await ann.gateway.listConsumers({ credentialId }, callAs(ann.principal))
    expect(consumers).toEqual([])
    expect(await codeOf(bind(credentialId, 'x', { kind: 'robot' }))).toBe('INVALID_REQUEST')
  })
})

describe('a delete', () => {
  test('[S2-5] is refused with the consumers by id while there are any', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    const consumerId = await bind(credentialId, 'crm')
    const refused = await remove(credentialId, false).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'CREDENTIAL_IN_USE', details: { facts: { consumers: '1', consumer_ids: consumerId } } })
    expect(platform.vault.fence(credentialId)?.state).toBe('active')
  })

  test('[S2-5] by force tells every consumer, the vault first, and each gets its own event', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    const ids = [await bind(credentialId, 'crm'), await bind(credentialId, 'bot')].sort()
    const from = platform.vault.log.length
    const { orphaned, revocation } = await remove(credentialId, true)
    expect(revocation).toBe('not_declared')
    expect(orphaned.map(({ id }) => id).sort()).toEqual(ids)
    const answered = platform.vault.log.slice(from).filter((line) => line.endsWith('answered'))
    expect(answered).toEqual(['setAccess answered', 'revoke answered', 'destroy answered'])
    expect([...(platform.vault.destroyed.at(-1)?.consumers ?? [])].sort()).toEqual(ids)
    for (const id of ids) {
      expect((await platform.heard('consumer.orphaned', id))[0]?.data).toMatchObject({
        credential_id: credentialId,
        reason: 'credential_deleted',
      })
    }
    const [deleted] = await platform.heard('credential.deleted', credentialId)
    expect(deleted?.data).toMatchObject({ outcome: 'not_declared', consumers: 2 })
  })

  test('[S2-5] that meets a bind in the same moment leaves it neither bound nor untold', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    const held = platform.store.holdInsert('registry_consumers')
    const binding = codeOf(bind(credentialId, 'late', { requestId: 'late' }))
    await held.reached
    const { orphaned } = await remove(credentialId, false)
    held.release()
    expect(orphaned).toEqual([])
    expect(await binding).toBe('NOT_FOUND')
    const bound = { name: 'bound', members: ['boundTo', 'boundAt'] }
    const consumers = await platform.store.collection({ name: 'registry_consumers', indexes: [bound] })
    expect((await consumers.find('bound', { prefix: [credentialId], limit: 10 })).docs).toEqual([])
    await expect
      .poll(() => platform.facts.some(({ type, data }) => type === 'consumer.orphaned' && data.credential_id === credentialId))
      .toBe(true)
  })

  test('[S2-5] leaves nothing to see, and its id never comes back', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    await remove(credentialId, false)
    expect(await codeOf(ann.gateway.get({ credentialId }, callAs(ann.principal)))).toBe('NOT_FOUND')
    expect(await codeOf(remove(credentialId, true))).toBe('NOT_FOUND')
    const { credentials } = await ann.gateway.list({ pageSize: 200 }, callAs(ann.principal))
    expect(credentials.map(({ id }) => id)).not.toContain(credentialId)
    const parents = await platform.store.collection({ name: 'registry_credentials', indexes: [] })
    expect(await parents.get(credentialId)).toBeDefined()
  })

  test.each(['setAccess', 'revoke', 'destroy'] as const)('that stops at %s is an error, and is finished when repeated', async (method) => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    platform.vault.refuse(method, 'UNAVAILABLE')
    expect(await codeOf(remove(credentialId, false))).toBe('UNAVAILABLE')
    expect(await codeOf(ann.gateway.get({ credentialId }, callAs(ann.principal)))).toBe('NOT_FOUND')
    const { revocation } = await remove(credentialId, false)
    expect(revocation).toBe('not_declared')
    expect(platform.vault.revoked.filter((order) => order.credentialId === credentialId)).toHaveLength(1)
    await platform.heard('credential.deleted', credentialId)
  })

  test('that nobody repeats is finished by the sweeper', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    platform.vault.refuse('destroy', 'UNAVAILABLE')
    expect(await codeOf(remove(credentialId, false))).toBe('UNAVAILABLE')
    platform.clock.jumpWall(120_000)
    await expect.poll(() => platform.afterSweep(() => platform.vault.children.has(credentialId))).toBe(false)
    await platform.heard('credential.deleted', credentialId)
  })

  test('whose revocation cannot be carried out destroys the secret all the same, and says so', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    platform.vault.refuse('revoke', 'TOKEN_ENDPOINT_REFUSED')
    expect((await remove(credentialId, false)).revocation).toBe('failed')
    expect(platform.vault.children.has(credentialId)).toBe(false)
  })

  test('of a credential that the vault has lost ends well, with nothing left to revoke', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    platform.vault.children.delete(credentialId)
    expect((await remove(credentialId, false)).revocation).toBe('nothing_to_revoke')
  })

  test('[B-5] of one of two grants of the same account asks the vault to leave what they share', async () => {
    const providerId = await provider(platform, 'asana')
    const account = { id: 'acc-1', name: 'Ann' }
    const one = await connected(platform, ann, { providerId, account })
    const two = await connected(platform, ann, { providerId, account })
    const other = await connected(platform, ann, { providerId, account: { id: 'acc-2', name: 'Else' } })
    for (const credentialId of [other, one, two]) await remove(credentialId, false)
    const shared = platform.vault.revoked.filter(({ credentialId }) => [one, two, other].includes(credentialId))
    expect(shared).toEqual([
      { credentialId: other, sharedGrant: false },
      { credentialId: one, sharedGrant: true },
      { credentialId: two, sharedGrant: false },
    ])
  })
})

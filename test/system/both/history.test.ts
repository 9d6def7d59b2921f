import { createCredence, type HistoryEntry } from '@credence/sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { allOf } from '../../support/all-of.ts'
import { converse, digitsOn, loseGrant, provideSignIn, signIn } from '../../support/conversation.ts'
import { fields, provide, refusalOf, type Scene, startScene } from '../../support/scene.ts'

const CANARY = 'canary-history-91b7-do-not-show'

let scene: Scene
beforeAll(async () => {
  scene = await startScene()
}, 120_000)
afterAll(() => scene.close())

type Filter = Parameters<Scene['credence']['history']['list']>[1]

const historyOf = (capabilityId: string, filter: Filter = {}): Promise<HistoryEntry[]> =>
  allOf(scene.credence.history.list({ capabilityId }, filter))
const linesOf = async (capabilityId: string, filter: Filter = {}): Promise<string[]> =>
  (await historyOf(capabilityId, filter)).map(({ action, actor, outcome }) => `${action} ${actor.split('_')[0]} ${outcome}`)

async function calendar(members: object = {}): Promise<string> {
  const provider = await provideSignIn(scene, members)
  const wanted = { name: 'Calendar', providerId: provider.id, mode: 'external_oauth' } as const
  return (await scene.credence.capabilities.create(wanted)).capability.id
}

/** A capability that every customer is served by with one credential. */
async function lookup(): Promise<{ id: string; credentialId: string }> {
  const provider = await provide(scene, { type: 'BEARER', fields: fields('token*') }, { verify: { method: 'GET', path: '/me' } })
  const credential = await scene.ann.credentials.create({ providerId: provider.id, fields: { token: CANARY }, level: 'project' })
  const wanted = { name: 'Orders', providerId: provider.id, mode: 'full_access', credentialId: credential.id } as const
  return { id: (await scene.credence.capabilities.create(wanted)).capability.id, credentialId: credential.id }
}

async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  return Buffer.concat(await allOf(bytes)).toString()
}

describe('the execution history of a capability', () => {
  test('[S0-12] a customer who denies, a wrong code, a refused redemption: each is an entry, with the code of the provider', async () => {
    const id = await calendar()
    const denier = await scene.credence.capabilities.connect(id, { user: 'id:denier' })
    scene.login.behave({ endpoint: 'authorize', error: 'access_denied', times: 1 })
    await signIn(scene, denier.link)
    const unlucky = await scene.credence.capabilities.connect(id, { user: 'id:unlucky' })
    scene.login.behave({ endpoint: 'token', answer: 'oauth_error', error: 'invalid_client', times: 1 })
    await signIn(scene, unlucky.link)
    const wrong = await scene.credence.capabilities.connect(id, { user: 'id:wrong' })
    const digits = digitsOn(await signIn(scene, wrong.link))
    await refusalOf(wrong.confirm(digits === '000000' ? '000001' : '000000'))
    await wrong.cancel()
    const failures = async (): Promise<unknown[]> =>
      (await historyOf(id, { action: 'connect', outcome: 'failed' })).map(({ outcome, providerError }) => [outcome, providerError])
    await expect.poll(failures).toEqual([
      ['cancelled', undefined],
      ['CONFIRMATION_WRONG', undefined],
      ['TOKEN_ENDPOINT_REFUSED', 'invalid_client'],
      ['GRANT_DENIED', 'access_denied'],
    ])
    for (const entry of await historyOf(id, { action: 'connect' })) expect(entry.user).toMatch(/^usr_/)
  })

  test('[S0-12] the refresh by the platform, its refusal, verifies and calls stand in both histories', async () => {
    const id = await calendar({ verify: { method: 'GET', path: '/me' } })
    const bea = scene.credence.forUser('id:bea')
    const credentialId = await converse(scene, await bea.capabilities.connect(id))
    await (await bea.fetch(id, '/events')).arrayBuffer()
    await bea.credentials.verify(credentialId)
    await loseGrant(scene, { owner: bea, capabilityId: id, credentialId })
    expect((await bea.credentials.get(credentialId)).status).toBe('expired')
    expect((await refusalOf(bea.fetch(id, '/events'))).code).toBe('CREDENTIAL_EXPIRED')
    const all = async (): Promise<string[]> => linesOf(id)
    await expect
      .poll(all)
      .toEqual(
        expect.arrayContaining([
          'connect key ok',
          'call key ok',
          'refresh key error',
          'verify platform ok',
          'call key CREDENTIAL_EXPIRED',
          'change key capability_created',
        ]),
      )
    const refused = (await historyOf(id, { action: 'refresh' }))[0]
    expect(refused).toMatchObject({ providerError: 'invalid_grant', credentialId })
    const own = (await allOf(bea.history.list(credentialId))).map(({ action, capabilityId }) => `${action} ${capabilityId}`)
    for (const action of ['connect', 'call', 'refresh']) expect(own).toContain(`${action} ${id}`)
  }, 90_000)

  test('[S0-12] a refresh ahead of expiry is an entry of the platform', async () => {
    const id = await calendar()
    const dan = scene.credence.forUser('id:dan')
    scene.login.behave({ endpoint: 'token', expiresInS: 4, times: 1 })
    const credentialId = await converse(scene, await dan.capabilities.connect(id))
    const refreshes = async (): Promise<unknown[]> =>
      (await historyOf(id, { action: 'refresh' })).map(({ actor, outcome, user, credentialId: which }) => [actor, outcome, user, which])
    await expect.poll(refreshes, { timeout: 20_000 }).toEqual([['platform', 'ok', undefined, credentialId]])
  })

  test('[S0-12] is filtered by user, outcome, action and time, searched, and paged without a gap', async () => {
    const { id, credentialId } = await lookup()
    const began = new Date(Date.now() - 1000)
    for (let i = 0; i < 6; i++)
      await (await scene.credence.forUser(`id:user-${i % 3}`).fetch(id, `/status/${i === 4 ? 418 : 200}`)).arrayBuffer()
    const calls = (filter: Filter = {}): Promise<HistoryEntry[]> => historyOf(id, { action: 'call', ...filter })
    await expect.poll(async () => (await calls()).length).toBe(6)
    expect((await calls({ user: 'id:user-1' })).map(({ user, upstreamStatus }) => [user, upstreamStatus])).toEqual([
      ['id:user-1', 418],
      ['id:user-1', 200],
    ])
    expect(await calls({ outcome: 'failed' })).toHaveLength(1)
    expect(await calls({ search: 'USER-2' })).toHaveLength(2)
    expect(await calls({ search: credentialId, from: began })).toHaveLength(6)
    expect(await calls({ to: began })).toHaveLength(0)
    expect(await calls({ from: new Date(Date.now() + 60_000) })).toHaveLength(0)
    const whole = await historyOf(id)
    const paged = await historyOf(id, { pageSize: 2 })
    expect(paged.map((entry) => entry.id)).toEqual(whole.map((entry) => entry.id))
    const sparse = await historyOf(id, { pageSize: 1, search: 'user-0' })
    expect(sparse.map(({ user }) => user)).toEqual(['id:user-0', 'id:user-0'])
    expect((await refusalOf(historyOf(id, { from: new Date(2), to: new Date(1) }))).errors[0]?.pointer).toBe('/to')
  })

  test('[S0-12] is exported whole as NDJSON and as CSV, with the same entries and no formula', async () => {
    const { id } = await lookup()
    for (let i = 0; i < 3; i++) await (await scene.credence.forUser('id:csv').fetch(id, '/x', { consumer: '=cmd()' })).arrayBuffer()
    await expect.poll(async () => (await historyOf(id, { action: 'call' })).length).toBe(3)
    const entries = await historyOf(id)
    const ndjson = (await textOf(scene.credence.history.export({ capabilityId: id }))).trimEnd().split('\n')
    expect(ndjson.map((line) => (JSON.parse(line) as { id: string }).id)).toEqual(entries.map((entry) => entry.id))
    const csv = (await textOf(scene.credence.history.export({ capabilityId: id }, { format: 'csv', action: 'call' })))
      .trimEnd()
      .split('\r\n')
    expect(csv[0]).toBe(
      'at,action,actor,user,outcome,upstream_status,provider_error,method,credential_id,capability_id,consumer,trace_id,id',
    )
    expect(csv.slice(1).map((line) => line.split(',').slice(3, 6).join(','))).toEqual(Array.from({ length: 3 }, () => 'id:csv,ok,200'))
    expect(csv[1]).toContain(",'=cmd(),")
    expect((await refusalOf(textOf(scene.credence.history.export({ capabilityId: `cap_${'0'.repeat(26)}` })))).code).toBe('NOT_FOUND')
  })

  test("[S0-12] [S2-20] tells of every customer, so it is the team's alone, and holds nothing secret", async () => {
    const { id, credentialId } = await lookup()
    await (await scene.credence.forUser('id:one').fetch(id, '/x')).arrayBuffer()
    await expect.poll(async () => (await historyOf(id, { action: 'call' })).length).toBe(1)
    const { secret } = await scene.credence.keys.create({ label: 'member', role: 'member' })
    const member = createCredence({ apiUrl: scene.platform.admin, key: secret })
    expect((await refusalOf(allOf(member.history.list({ capabilityId: id })))).code).toBe('SCOPE_REQUIRED')
    const auditor = await scene.credence.keys.create({ label: 'auditor', role: 'auditor' })
    const reader = createCredence({ apiUrl: scene.platform.admin, key: auditor.secret })
    expect((await allOf(reader.history.list({ capabilityId: id }))).length).toBeGreaterThan(0)
    const shown = [
      await historyOf(id),
      await allOf(scene.ann.history.list(credentialId)),
      await textOf(reader.history.export({ capabilityId: id })),
    ]
    expect(JSON.stringify(shown)).not.toContain(CANARY)
    expect(JSON.stringify(scene.platform.printed())).not.toContain(CANARY)
  })
})

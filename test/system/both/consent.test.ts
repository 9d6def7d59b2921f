import { createCredence, type NewCapability } from '@credence/sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { allOf } from '../../support/all-of.ts'
import { grpcOf } from '../../support/grpc-of.ts'
import { factOf, fields, provide, refusalOf, type Scene, startScene } from '../../support/scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await startScene()
}, 120_000)
afterAll(() => scene.close())

const ASKED = { required: true, purpose: 'Look up your orders', scopes: ['orders.read', 'orders.ship'] }
const code = async (call: Promise<unknown>): Promise<string> => (await refusalOf(call)).code
let customers = 0
const customer = (): string => `id:consenting-${++customers}`

async function asking(members: Partial<NewCapability> = {}): Promise<{ id: string; wanted: NewCapability }> {
  const provider = await provide(scene, { type: 'BEARER', fields: fields('token*') })
  const secret = { providerId: provider.id, fields: { token: `tok-${provider.id}` }, level: 'project' } as const
  const credentialId = (await scene.ann.credentials.create(secret)).id
  const wanted: NewCapability = { name: 'Orders', providerId: provider.id, mode: 'full_access', credentialId, consent: ASKED, ...members }
  return { id: (await scene.credence.capabilities.create(wanted)).capability.id, wanted }
}

function everywhere(user: string): ReturnType<typeof createCredence>[] {
  const proxies = scene.platform.vaults ?? [scene.platform.data]
  return proxies.map((proxyUrl) => createCredence({ apiUrl: scene.platform.admin, proxyUrl, key: scene.key, user }))
}

describe('a consent', () => {
  test('[S0-14] is asked for with its purpose and scopes before anything is sent, and recorded: what, by whom, when, how', async () => {
    const user = customer()
    const { id } = await asking()
    const agent = scene.credence.forUser(user)
    const before = scene.api.requests.length
    const asked = await refusalOf(agent.fetch(id, '/orders/1'))
    const { purpose, scopes } = ASKED
    expect([asked.code, asked.status, asked.consent]).toEqual(['CONSENT_REQUIRED', 403, { capabilityId: id, purpose, scopes }])
    expect(scene.api.requests).toHaveLength(before)
    const given = await agent.consents.give(id, { purpose, scopes, how: 'conversation' })
    expect(given).toMatchObject({ state: 'given', capabilityId: id, purpose, scopes, how: 'conversation', covers: true, earlier: [] })
    expect([given.givenBy, given.givenAt instanceof Date]).toEqual([expect.stringMatching(/^key_/), true])
    for (const one of everywhere(user)) expect((await one.fetch(id, '/orders/1')).status).toBe(200)
    expect(await code(scene.credence.forUser(customer()).fetch(id, '/orders/1'))).toBe('CONSENT_REQUIRED')
    const fact = await factOf(scene, 'consent.given', given.id)
    expect(fact.data).toMatchObject({ capability_id: id, owner: given.user, kind: 'conversation', count: 2 })
    expect((await agent.consents.give(id)).givenAt).toEqual(given.givenAt)
  })

  test('[S0-14] that is withdrawn stops use at every vault when it answers, by the customer himself or by the team', async () => {
    const user = customer()
    const { id } = await asking()
    const agent = scene.credence.forUser(user)
    for (const by of [agent, scene.credence]) {
      const given = await agent.consents.give(id)
      for (const one of everywhere(user)) expect((await one.fetch(id, '/orders/1')).status).toBe(200)
      const ended = await by.consents.withdraw(given.id)
      expect([ended.state, ended.covers, ended.withdrawnAt instanceof Date, ended.id]).toEqual(['withdrawn', false, true, given.id])
      for (const one of everywhere(user)) expect(await code(one.fetch(id, '/orders/1'))).toBe('CONSENT_REQUIRED')
    }
    const [consent] = await allOf(agent.consents.list())
    expect([consent?.state, consent?.earlier.length]).toEqual(['withdrawn', 1])
    expect((await factOf(scene, 'consent.withdrawn', consent?.id ?? '')).data).toMatchObject({ capability_id: id })
    const entries = await allOf(scene.credence.history.list({ capabilityId: id }, { action: 'consent' }))
    expect(entries.map(({ outcome, user: whose }) => [outcome, whose])).toEqual([
      ['withdrawn', consent?.user],
      ['ok', consent?.user],
      ['withdrawn', consent?.user],
      ['ok', consent?.user],
    ])
  })

  test('[S0-14] to something else than is asked now is none, and one that was shown wrongly is refused', async () => {
    const user = customer()
    const { id, wanted } = await asking()
    const agent = scene.credence.forUser(user)
    await agent.consents.give(id)
    await scene.credence.capabilities.update(id, { ...wanted, consent: { ...ASKED, scopes: ['orders.read'] } })
    for (const one of everywhere(user)) expect((await one.fetch(id, '/orders/1')).status).toBe(200)
    await scene.credence.capabilities.update(id, { ...wanted, consent: { ...ASKED, scopes: ['orders.read', 'orders.cancel'] } })
    for (const one of everywhere(user)) expect(await code(one.fetch(id, '/orders/1'))).toBe('CONSENT_REQUIRED')
    expect((await allOf(agent.consents.list()))[0]?.covers).toBe(false)
    expect(await code(agent.consents.give(id, { scopes: ASKED.scopes }))).toBe('CONFLICT')
    expect(await code(agent.consents.give(id, { purpose: 'Sell your data' }))).toBe('CONFLICT')
    const { earlier } = await agent.consents.give(id, { scopes: ['orders.cancel', 'orders.read'] })
    expect(earlier[0]?.withdrawnAt).toBeInstanceOf(Date)
    for (const one of everywhere(user)) expect((await one.fetch(id, '/orders/1')).status).toBe(200)
  })

  test('[S0-14] is listed to its customer, and to the team with everybody’s; to a stranger it does not exist', async () => {
    const { id } = await asking()
    const users = [customer(), customer(), customer()]
    const given = await Promise.all(users.map((user) => scene.credence.forUser(user).consents.give(id)))
    const all = await allOf(scene.credence.consents.list({ capabilityId: id, pageSize: 2 }))
    expect(all.map((it) => it.id).sort()).toEqual(given.map((it) => it.id).sort())
    const [user = '', other = ''] = users
    expect((await allOf(scene.credence.consents.list({ user }))).map((it) => it.id)).toEqual([given[0]?.id])
    const { secret: key } = await scene.credence.keys.create({ label: 'agent', scopes: ['use', 'act_for'] })
    const agent = createCredence({ apiUrl: scene.platform.admin, proxyUrl: scene.platform.data, key, user })
    expect((await allOf(agent.consents.list())).map((it) => it.id)).toEqual([given[0]?.id])
    expect(await code(allOf(agent.consents.list({ user: other })))).toBe('SCOPE_REQUIRED')
    expect(await code(agent.consents.get(given[1]?.id ?? ''))).toBe('NOT_FOUND')
    expect(await code(agent.consents.withdraw(given[1]?.id ?? ''))).toBe('NOT_FOUND')
    expect((await agent.consents.withdraw(given[0]?.id ?? '')).state).toBe('withdrawn')
    expect(await code(scene.credence.consents.get(`cons_${'0'.repeat(26)}`))).toBe('NOT_FOUND')
  })

  test('[S0-14] cannot be given for nobody, for what asks for none, or for what does not exist', async () => {
    const { id } = await asking()
    expect(await code(scene.credence.consents.give(id))).toBe('USER_REQUIRED')
    const { id: free } = await asking({ consent: { required: false } })
    expect(await code(scene.credence.forUser(customer()).consents.give(free))).toBe('INVALID_REQUEST')
    expect(await code(scene.credence.forUser(customer()).consents.give(`cap_${'0'.repeat(26)}`))).toBe('NOT_FOUND')
    const wrong = await refusalOf(asking({ consent: { required: true, purpose: '', scopes: ['two words'] } }))
    expect(wrong.errors.map(({ pointer }) => pointer)).toEqual(['/consent/purpose', '/consent/scopes'])
  })

  test('[S0-14] [B-3] goes by gRPC too, and the vault says there what is to be consented to', async () => {
    const user = customer()
    const { id } = await asking()
    const vault = await grpcOf(scene, 'vault', user)
    const registry = await grpcOf(scene, 'registry', user)
    try {
      const call = { credentialId: id, method: 'GET', path: '/orders/1' }
      const { purpose, scopes } = ASKED
      await expect(vault.vault.check(call)).rejects.toMatchObject({
        code: 'CONSENT_REQUIRED',
        details: { consent: { capabilityId: id, purpose, scopes } },
      })
      const { consent } = await registry.registry.giveConsent({ capabilityId: id, how: 'api' })
      await vault.vault.check(call)
      await registry.registry.withdrawConsent({ consentId: consent?.id ?? '' })
      await expect(vault.vault.check(call)).rejects.toMatchObject({ code: 'CONSENT_REQUIRED' })
    } finally {
      vault.close()
      registry.close()
    }
  })

  test('[S0-13] [S0-14] beside an identity check: both are wanted, and a user’s later name finds both consent and its end', async () => {
    const user = customer()
    const facts = [{ name: 'zip', question: 'Which zip?' }]
    const { id } = await asking({ security: { level: 'basic', facts } })
    await scene.credence.identity.records.put([{ user, facts: { zip: '10115' } }])
    const agent = scene.credence.forUser(user)
    const asked = await refusalOf(agent.fetch(id, '/orders/1'))
    await agent.identity.answer(asked.identity?.challenge ?? '', { zip: 'D-10115' })
    expect(await code(agent.fetch(id, '/orders/1'))).toBe('CONSENT_REQUIRED')
    const { id: consent, user: known } = await agent.consents.give(id)
    expect((await agent.fetch(id, '/orders/1')).status).toBe(200)
    expect((await scene.credence.forUser(known).fetch(id, '/orders/1')).status).toBe(200)
    await agent.consents.withdraw(consent)
    expect(await code(scene.credence.forUser(known).fetch(id, '/orders/1'))).toBe('CONSENT_REQUIRED')
  })
})

import { newId } from '@credence/credential'
import { systemRandom } from '@credence/service'
import { describe, expect, test } from 'vitest'
import { CLIENT } from './fake-peers.ts'
import { codeOf, HOUR, Platform } from './platform.ts'

const OTHER = newId('ocl', systemRandom.bytes)

describe('an OAuth client that is wrongly set up', () => {
  test('[S2-9] its refusal pauses all its plans, tells the operator, and asks no person to sign in again', async () => {
    const platform = await Platform.start()
    const [first, second] = [await platform.connect({ lifeMs: HOUR }), await platform.connect({ lifeMs: 20 * HOUR })]
    const other = await platform.connect({ clientId: OTHER, lifeMs: 20 * HOUR })
    platform.fake.respond = () => ({ answerKind: 'error', httpStatus: 401, errorCode: 'invalid_client' })
    await platform.toDue(first)
    for (const held of [first, second]) {
      const plan = await platform.planWhen(held, ({ state }) => state === 'paused')
      expect(plan).toMatchObject({ kind: 'refresh', reason: 'client_paused' })
      expect(plan.refreshAt).toBeUndefined()
      await platform.until(() => platform.fake.heard.includes(`health ${held.id} 1 paused`))
    }
    expect(await platform.plan(other)).toMatchObject({ state: 'planned' })
    expect(platform.fake.orders.length).toBe(1)
    expect(platform.facts).toEqual([])
    expect([first.state, second.state]).toEqual(['active', 'active'])
    expect(platform.logLines.some((line) => line.includes('client.paused') && line.includes(CLIENT))).toBe(true)
  })

  test('[S2-8] resuming refreshes at once what came due in the meantime, and plans the rest', async () => {
    const platform = await Platform.start()
    const [due, later] = [await platform.connect({ lifeMs: HOUR }), await platform.connect({ lifeMs: 100 * HOUR })]
    const plannedAt = (await platform.plan(later))!.refreshAt
    await platform.as('gateway', (client) => client.pauseClient({ clientId: CLIENT, reason: 'operator' }))
    expect(await platform.getPlan(due.id)).toMatchObject({ state: 'paused' })
    await platform.clock.advance(2 * HOUR)
    expect(platform.fake.orders).toEqual([])
    await platform.as('gateway', (client) => client.resumeClient({ clientId: CLIENT }))
    await platform.planWhen(due, ({ version, state }) => version === 2 && state === 'planned')
    expect(await platform.plan(later)).toMatchObject({ state: 'planned', version: 1, refreshAt: plannedAt })
    await platform.until(() => platform.fake.heard.includes(`health ${due.id} 2 ok`))
    await platform.until(() => platform.fake.heard.includes(`health ${later.id} 1 ok`))
  })

  test('[S2-8] a credential that is connected while its client is paused waits with the others', async () => {
    const platform = await Platform.start()
    await platform.as('gateway', (client) => client.pauseClient({ clientId: CLIENT, reason: 'operator' }))
    const held = await platform.connect()
    expect(await platform.plan(held)).toMatchObject({ state: 'paused', reason: 'client_paused' })
    const reminded = await platform.connect({ hasRefreshToken: false })
    expect(await platform.plan(reminded)).toMatchObject({ kind: 'remind', state: 'planned' })
  })

  test('[S2-8] a plan that the pause has missed is held when it comes due', async () => {
    const platform = await Platform.start({ config: { healMs: 1_000 * HOUR } })
    // The first comparison is made at the start: it must not find what this test leaves for the plan.
    await platform.until(() => platform.fake.listed > 0)
    const held = await platform.connect()
    const clients = await platform.store.collection({ name: 'token_refresher_clients', indexes: [] })
    await clients.insert({ id: CLIENT, v: 1, pause: { reason: 'client_refused', since: new Date() } } as never)
    await platform.toDue(held)
    expect(await platform.plan(held)).toMatchObject({ state: 'paused', reason: 'client_paused' })
    expect(platform.fake.orders).toEqual([])
  })

  test('[S2-8] what is no client of ours is not found, and only the gateway may pause one', async () => {
    const platform = await Platform.start()
    const pause = (clientId: string) => ({ clientId, reason: 'operator' })
    expect(await codeOf(platform.as('gateway', (client) => client.pauseClient(pause('cred_1'))))).toBe('NOT_FOUND')
    expect(await codeOf(platform.as('vault', (client) => client.pauseClient(pause(CLIENT))))).toBe('SCOPE_REQUIRED')
  })
})

import { idOf, newId } from '@credence/credential'
import { systemRandom } from '@credence/service'
import { describe, expect, test } from 'vitest'
import { CLIENT } from './fake-peers.ts'
import { HOUR, MINUTE, Platform } from './platform.ts'

const HINTS = [
  'credential.connected',
  'credential.enabled',
  'credential.disabled',
  'credential.deleted',
  'credential.secret_replaced',
  'credential.refreshed',
  'credential.refresh_failed',
] as const

/** Lets every hint that was published be followed: each one asks the vault. */
async function followed(platform: Platform, publish: () => Promise<void>, count: number): Promise<void> {
  const before = platform.fake.listed
  await publish()
  await platform.until(() => platform.fake.listed >= before + count)
}

describe('hints', () => {
  test('[S2-8] forged and repeated events change nothing, and order nothing', async () => {
    const platform = await Platform.start()
    const held = await platform.connect()
    const before = await platform.plan(held)
    const stranger = { id: newId('cred', systemRandom.bytes), project: held.project }
    await followed(
      platform,
      async () => {
        for (const type of [...HINTS, ...HINTS]) await platform.publish(type, held)
        for (const type of HINTS) await platform.publish(type, { ...held, project: idOf('proj', new Uint8Array(16)) })
        for (const type of HINTS) await platform.publish(type, stranger)
      },
      HINTS.length * 4,
    )
    expect(await platform.plan(held)).toEqual(before)
    expect(await platform.plan(stranger)).toBeUndefined()
    expect(platform.fake.orders).toEqual([])
    expect(platform.facts).toEqual([])
  })

  test('[S2-8] disabling pauses without a call, enabling plans at once', async () => {
    const platform = await Platform.start()
    const held = await platform.connect()
    const plannedAt = (await platform.plan(held))!.refreshAt
    held.state = 'disabled'
    await platform.publish('credential.disabled', held)
    await platform.planWhen(held, ({ state, refreshAt }) => state === 'paused' && refreshAt === undefined)
    await platform.clock.advance(2 * HOUR)
    expect(platform.fake.orders).toEqual([])
    held.state = 'active'
    await platform.publish('credential.enabled', held)
    await platform.planWhen(held, ({ version }) => version === 2)
    expect(platform.fake.orders[0]!.at).toBeGreaterThan(plannedAt!.getTime())
    expect(platform.fake.heard.some((line) => line.endsWith('paused'))).toBe(false)
  })

  test('[S2-8] deleting removes the plan', async () => {
    const platform = await Platform.start()
    const held = await platform.connect()
    held.state = 'deleted'
    await platform.publish('credential.deleted', held)
    await platform.until(async () => (await platform.plan(held)) === undefined)
    expect(await platform.getPlan(held.id)).toMatchObject({ kind: '', state: '' })
  })

  test('[S2-8] what was missed while the refresher was down is found by comparison', async () => {
    const platform = await Platform.start()
    const [gone, paused, renewed] = [await platform.connect(), await platform.connect(), await platform.connect()]
    await platform.down()
    gone.state = 'deleted'
    paused.state = 'disabled'
    platform.fake.renew(renewed)
    const fresh = platform.fake.add()
    await platform.up()
    await platform.planWhen(renewed, ({ version }) => version === 2)
    await platform.planWhen(fresh, ({ version }) => version === 1)
    await platform.planWhen(paused, ({ state }) => state === 'paused')
    await platform.compared(async () => (await platform.plan(gone)) === undefined)
  })

  test('[B-1] losing all plans loses no refresh: they are made again, at the same times', async () => {
    const platform = await Platform.start()
    const helds = await Promise.all(Array.from({ length: 20 }, (_, n) => platform.connect({ version: 1 + (n % 3) })))
    const times = await Promise.all(helds.map(async (held) => (await platform.plan(held))!.refreshAt))
    await Promise.all(helds.map(async (held) => platform.plans.remove(held.id, (await platform.plan(held))!.rev)))
    await platform.down()
    await platform.clock.advance(MINUTE)
    await platform.up()
    for (const [n, held] of helds.entries()) {
      expect((await platform.planWhen(held, () => true)).refreshAt).toEqual(times[n])
    }
    const first = helds[times.indexOf(times.toSorted((a, b) => a!.getTime() - b!.getTime())[0])]!
    await platform.toDue(first)
    expect(first.version).toBeGreaterThan(1)
  })

  test('[S2-9] a lost plan of an expired credential is not told again, and its recovery is', async () => {
    const platform = await Platform.start()
    const held = await platform.connect({ state: 'expired' })
    expect(await platform.plan(held)).toMatchObject({ kind: 'given_up', state: 'expired' })
    platform.fake.renew(held)
    await platform.publish('credential.connected', held)
    await platform.until(() => platform.told('credential.recovered').length > 0)
    expect(platform.told('credential.expired')).toEqual([])
  })

  test('[S2-8] a registry that was down hears of the trouble later', async () => {
    const platform = await Platform.start({ config: { healMs: HOUR } })
    const held = await platform.connect({ lifeMs: 10_000 * HOUR })
    platform.fake.registryDoes = () => {
      throw new TypeError('the registry has a fault')
    }
    await platform.as('gateway', (client) => client.pauseClient({ clientId: CLIENT, reason: 'operator' }))
    expect(platform.fake.heard).toEqual([])
    platform.fake.registryDoes = () => undefined
    await platform.compared(() => platform.fake.heard.includes(`health ${held.id} 1 paused`))
  })

  test('[S2-8] a new version that the registry could not be told is told by the next comparison', async () => {
    const platform = await Platform.start({ config: { healMs: HOUR } })
    const held = await platform.connect({ lifeMs: 10_000 * HOUR })
    platform.fake.registryDoes = () => {
      throw new TypeError('the registry has a fault')
    }
    platform.fake.renew(held)
    await platform.publish('credential.secret_replaced', held)
    await platform.planWhen(held, ({ version, reported }) => version === 2 && reported === undefined)
    platform.fake.registryDoes = () => undefined
    await platform.compared(() => platform.fake.heard.includes(`health ${held.id} 2 `))
  })
})

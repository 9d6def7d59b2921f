import { describe, expect, test } from 'vitest'
import { HOUR, MINUTE, Platform } from './platform.ts'

describe('refreshing ahead of expiry', () => {
  test('[S2-8] a grant is refreshed in the background while its access token still works, and planned again', async () => {
    const platform = await Platform.start()
    const held = await platform.connect({ version: 5 })
    const firstEnd = held.expiresAt!.getTime()
    const plan = (await platform.plan(held))!
    expect((plan.refreshAt!.getTime() - plan.issuedAt.getTime()) / HOUR).toBeGreaterThanOrEqual(0.6)
    await platform.toDue(held)
    const next = await platform.planWhen(held, ({ version }) => version === 6)
    expect(platform.fake.orders).toMatchObject([{ version: 5, cause: 'schedule', project: held.project, from: 'token-refresher' }])
    expect(platform.fake.orders[0]!.at).toBeLessThan(firstEnd)
    expect(next).toMatchObject({ kind: 'refresh', state: 'planned', failures: {}, expiresAt: held.expiresAt })
    expect(next.refreshAt!.getTime()).toBeGreaterThan(platform.clock.now())
  })

  test('[S2-8] a grant is kept alive for a day without anybody calling', async () => {
    const platform = await Platform.start()
    const held = await platform.connect()
    while (held.version < 25) {
      expect(held.expiresAt!.getTime()).toBeGreaterThan(platform.clock.now())
      await platform.toDue(held)
    }
    expect(platform.fake.orders.length).toBe(24)
    expect(new Set(platform.fake.orders.map(({ version }) => version)).size).toBe(24)
    expect(platform.told('credential.expired')).toEqual([])
  })

  test('[B-1] one version is ordered once, however many hints, ticks and comparisons fall into the refresh', async () => {
    const platform = await Platform.start({ config: { tickMs: 15_000, healMs: 30_000 } })
    const held = await platform.connect()
    const answered = Promise.withResolvers<void>()
    platform.fake.respond = async () => {
      await answered.promise
      return undefined
    }
    const due = (await platform.plan(held))!.refreshAt!.getTime()
    await platform.clock.advance(due - platform.clock.now())
    await platform.until(() => platform.fake.orders.length === 1)
    expect(await platform.getPlan(held.id)).toMatchObject({ state: 'refreshing', kind: 'refresh', version: 1 })
    for (let n = 0; n < 5; n++) {
      await platform.publish('credential.refreshed', held)
      await platform.clock.advance(30_000)
    }
    answered.resolve()
    await platform.planWhen(held, ({ version }) => version === 2)
    expect(platform.fake.orders.length).toBe(1)
  })

  test('[S2-8] a new end and version are told to the registry, which takes back no word of the verifier for a hint', async () => {
    const platform = await Platform.start()
    const held = await platform.connect()
    platform.fake.renew(held)
    await platform.publish('credential.secret_replaced', held)
    await platform.until(() => platform.fake.heard.includes(`health ${held.id} 2 `))
    await platform.toDue(held)
    await platform.until(() => platform.fake.heard.includes(`health ${held.id} 3 ok`))
  })

  test('[S2-8] a lease of somebody else is waited for, not counted as a failure', async () => {
    const platform = await Platform.start()
    const held = await platform.connect()
    const busyUntil = new Date(Math.ceil((await platform.plan(held))!.refreshAt!.getTime()) + 30_000)
    platform.fake.respond = () => (platform.clock.now() < busyUntil.getTime() ? { outcome: 'waiting', waitUntil: busyUntil } : undefined)
    await platform.toDue(held)
    expect(await platform.plan(held)).toMatchObject({ state: 'planned', refreshAt: busyUntil, failures: {} })
    await platform.toDue(held)
    await platform.planWhen(held, ({ version }) => version === 2)
    expect(platform.fake.orders.length).toBe(2)
  })

  test('[S2-8] the access token of a short life is refreshed too, without waiting for a tick', async () => {
    const platform = await Platform.start({ config: { tickMs: HOUR, windowMs: MINUTE } })
    const held = await platform.connect({ lifeMs: 30_000 })
    for (let version = 2; version <= 4; version++) {
      await platform.toDue(held)
      expect(held.version).toBe(version)
    }
  })
})

import { describe, expect, test } from 'vitest'
import type { Held } from './fake-peers.ts'
import { HOUR, MINUTE, Platform } from './platform.ts'

const DAY = 24 * HOUR
/** A grant without refresh token: it ends when its access token does. */
const ONCE: Partial<Held> = { hasRefreshToken: false }

/** A static secret that its owner said ends after so long. */
function key(platform: Platform, lifeMs: number): Partial<Held> {
  const expiresAt = new Date(platform.clock.now() + lifeMs)
  return { family: 'apikey', hasRefreshToken: false, clientId: '', issuedAt: undefined, expiresAt, lifeMs }
}

describe('ends that are known', () => {
  test('[S2-21] a grant without refresh token is announced ahead of its end, and given up at it, without any call', async () => {
    const platform = await Platform.start()
    const held = await platform.connect({ ...ONCE, lifeMs: 10 * HOUR })
    const end = held.expiresAt!.getTime()
    await platform.toDue(held)
    await platform.until(() => platform.told('credential.expiring').length > 0)
    const [fact] = platform.told('credential.expiring')
    expect(fact!.data).toEqual({
      version: 1,
      reason: 'lifetime_over',
      expires_at: held.expiresAt!.toISOString(),
      reconnect_url: `https://credence.example/r/${held.id}`,
    })
    expect(end - fact!.time.getTime()).toBeGreaterThanOrEqual(2 * HOUR)
    expect(held.state).toBe('active')
    await platform.toDue(held)
    await platform.until(() => platform.told('credential.expired').length > 0)
    expect(platform.clock.now()).toBe(end)
    expect(platform.fake.heard).toContain(`expired ${held.id} 1 lifetime_over`)
    expect(platform.fake.orders).toEqual([])
    expect(platform.told('credential.expiring').length).toBe(1)
  })

  test('[S2-21] a static secret of a year is announced a week ahead', async () => {
    const platform = await Platform.start({ config: { tickMs: DAY, healMs: 400 * DAY } })
    const held = await platform.connect(key(platform, 365 * DAY))
    expect((await platform.plan(held))!.refreshAt!.getTime()).toBe(held.expiresAt!.getTime() - 7 * DAY)
  })

  test('[S2-21] a person gets five minutes at least, and no reminder after the end', async () => {
    const platform = await Platform.start()
    const held = await platform.connect(key(platform, 8 * MINUTE))
    expect((await platform.plan(held))!.refreshAt!.getTime()).toBe(held.expiresAt!.getTime() - 5 * MINUTE)
    const past = await platform.connect({ ...key(platform, -MINUTE) })
    await platform.until(() => platform.told('credential.expired').length > 0)
    expect(platform.facts.map(({ type, subject }) => `${type} ${subject}`)).toEqual([`credential.expired ${past.id}`])
  })

  test('[S2-21] a secret that was replaced in time is not announced, though the hint was lost', async () => {
    const platform = await Platform.start({ config: { healMs: 100 * DAY } })
    const held = await platform.connect(key(platform, 10 * HOUR))
    await platform.clock.advance(HOUR)
    platform.fake.renew(held)
    await platform.toDue(held)
    expect(await platform.plan(held)).toMatchObject({ kind: 'remind', version: 2, expiresAt: held.expiresAt })
    expect(platform.facts).toEqual([])
  })

  test('[S2-21] a disabled secret is not announced, and after its end is given up when it is enabled', async () => {
    const platform = await Platform.start()
    const held = await platform.connect(key(platform, 10 * HOUR))
    held.state = 'disabled'
    await platform.publish('credential.disabled', held)
    await platform.planWhen(held, ({ state }) => state === 'paused')
    await platform.clock.advance(11 * HOUR)
    expect(platform.facts).toEqual([])
    held.state = 'active'
    await platform.publish('credential.enabled', held)
    await platform.until(() => platform.told('credential.expired').length > 0)
    expect(platform.told('credential.expiring')).toEqual([])
  })
})

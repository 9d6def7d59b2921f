import { newId } from '@credence/credential'
import { DEFAULT_REFRESH_TIMES } from '@credence/refresh-protocol'
import { servicePrincipal } from '@credence/rpc'
import { systemRandom } from '@credence/service'
import { describe, expect, test } from 'vitest'
import { settingsOf } from '../src/config.ts'
import { HOUR, MINUTE, Platform } from './platform.ts'

/** A platform with one refresh under way that ends when the test says so. */
async function underWay(config: object = {}) {
  const platform = await Platform.start({ config })
  const held = await platform.connect()
  const ends = Promise.withResolvers<void>()
  platform.fake.respond = async () => {
    await ends.promise
    return undefined
  }
  await platform.clock.advance((await platform.plan(held))!.refreshAt!.getTime() - platform.clock.now())
  await platform.until(() => platform.fake.orders.length === 1)
  return { platform, held, ends }
}

describe('start and stop', () => {
  test('[B-1] a stop waits for the refresh under way and plans what came of it', async () => {
    const { platform, held, ends } = await underWay()
    let isDown = false
    const down = platform.down().then(() => {
      isDown = true
    })
    await platform.clock.advance(19_000)
    expect(isDown).toBe(false)
    ends.resolve()
    await down
    await platform.up()
    expect(await platform.plan(held)).toMatchObject({ version: 2, state: 'planned' })
  })

  test('[B-1] a stop cuts after twenty seconds, and the next start asks the vault what became of it', async () => {
    const { platform, held, ends } = await underWay()
    const down = platform.down()
    await platform.clock.advance(20_000)
    await down
    await platform.up()
    await platform.until(() => platform.fake.orders.length === 2)
    ends.resolve()
    await platform.planWhen(held, ({ version, state }) => version > 1 && state === 'planned')
    expect(platform.logLines.some((line) => line.includes('"level":"error"'))).toBe(false)
  })

  test('[S2-8] it starts before the others and plans when they are there', async () => {
    const platform = new Platform({})
    const held = platform.fake.add()
    await platform.up()
    await platform.fake.start()
    await platform.until(async () => {
      await platform.clock.advance(MINUTE)
      return (await platform.plan(held)) !== undefined
    })
    await platform.down()
    await platform.fake.stop()
  })

  test('[S2-8] a plan is shown to its own project only', async () => {
    const platform = await Platform.start()
    const held = await platform.connect()
    const plan = (await platform.plan(held))!
    const { refreshAt, expiresAt } = plan
    const shown = { kind: 'refresh', state: 'planned', version: 1, failures: 0, refreshAt, expiresAt }
    expect(await platform.getPlan(held.id)).toMatchObject(shown)
    const stranger = servicePrincipal('registry', newId('proj', systemRandom.bytes))
    expect(await platform.getPlan(held.id, stranger)).toMatchObject({ kind: '', state: '', version: 0 })
    expect(await platform.getPlan('no id')).toMatchObject({ kind: '' })
  })

  test('times that contradict each other are refused with every fault at once', () => {
    const config = { host: '127.0.0.1', port: 0, publicUrl: 'https://c.example/', refreshTimes: DEFAULT_REFRESH_TIMES }
    expect(settingsOf(config)).toMatchObject({ publicUrl: 'https://c.example', tickMs: 15_000, windowMs: MINUTE, drainMs: 20_000 })
    const refreshTimes = { ...DEFAULT_REFRESH_TIMES, leaseMs: 1, ownerGoneMs: 2 }
    expect(() => settingsOf({ ...config, refreshTimes })).toThrowError(expect.objectContaining({ code: 'INVALID_SETTING' }))
    expect(() => settingsOf({ ...config, clientConcurrency: 0 })).toThrowError(expect.objectContaining({ code: 'INVALID_SETTING' }))
    expect(HOUR).toBeGreaterThan(refreshTimes.leaseMs)
  })
})

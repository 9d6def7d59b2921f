import { describe, expect, test } from 'vitest'
import type { Plan } from '../src/credential/plan.ts'
import { CLIENT, type Held, type Respond } from './fake-peers.ts'
import { HOUR, MINUTE, Platform, type PlatformOptions } from './platform.ts'

type Answer = ReturnType<Respond>
const error = (errorCode: string, more: object = {}): Answer => ({ answerKind: 'error', httpStatus: 400, errorCode, ...more })

/** A connected grant whose refresh was ordered once and answered like this. */
async function answered(
  answer: Answer,
  over: Partial<Held> = {},
  options: PlatformOptions = {},
): Promise<{ platform: Platform; held: Held; plan: Plan }> {
  const platform = await Platform.start(options)
  const held = await platform.connect(over)
  platform.fake.respond = () => answer
  await platform.toDue(held)
  return { platform, held, plan: (await platform.plan(held))! }
}

const waitMs = (platform: Platform, plan: Plan): number => plan.refreshAt!.getTime() - platform.clock.now()

describe('what each verdict does', () => {
  test('[S2-8] an endpoint that was not reached is asked again after a growing pause, and the credential stays as it is', async () => {
    const { platform, held, plan } = await answered({ answerKind: 'not_sent', cause: 'dns' }, {}, { fraction: () => 0.99 })
    expect(plan).toMatchObject({ state: 'backing_off', failures: { TRANSIENT: { count: 1 } } })
    const pauses = [waitMs(platform, plan)]
    for (let n = 0; n < 4; n++) {
      await platform.toDue(held)
      pauses.push(waitMs(platform, (await platform.plan(held))!))
    }
    expect(pauses).toEqual([3960, 7920, 15840, 31680, 63360])
    expect(held.state).toBe('active')
    platform.fake.respond = () => undefined
    await platform.toDue(held)
    expect(await platform.planWhen(held, ({ version }) => version === 2)).toMatchObject({ state: 'planned', failures: {} })
  })

  test('[S2-8] the third failure in a row is told to the operator', async () => {
    const { platform, held } = await answered(
      { answerKind: 'unreadable', httpStatus: 403, mayHoldToken: false },
      { refreshClass: 'static' },
    )
    const warned = (): boolean => platform.logLines.some((line) => line.includes('refresh.keeps_failing'))
    await platform.toDue(held)
    expect(warned()).toBe(false)
    await platform.toDue(held)
    expect(warned()).toBe(true)
  })

  test('[S2-8] Retry-After is a floor with up to a tenth on top, and the registry shows that the credential is throttled', async () => {
    const slow = { answerKind: 'error', httpStatus: 429, errorCode: 'slow_down', retryAfterMs: 600_000 }
    const { platform, held, plan } = await answered(slow, {}, { fraction: () => 0.5 })
    expect(plan.state).toBe('throttled')
    expect(waitMs(platform, plan)).toBe(630_000)
    expect(platform.fake.heard).toContain(`health ${held.id} 1 throttled`)
    await platform.clock.advance(599_000)
    expect(platform.fake.orders.length).toBe(1)
    platform.fake.respond = () => undefined
    await platform.toDue(held)
    await platform.until(() => platform.fake.heard.includes(`health ${held.id} 2 ok`))
  })

  test('[S2-9] an unexplained invalid_grant is asked once more after a minute, and only then ends the credential', async () => {
    const { platform, held, plan } = await answered(error('invalid_grant'))
    expect(plan).toMatchObject({ kind: 'refresh', state: 'suspect' })
    expect(waitMs(platform, plan)).toBe(MINUTE)
    expect(held.state).toBe('active')
    await platform.toDue(held)
    await platform.until(() => platform.told('credential.expired').length > 0)
    expect(platform.fake.orders.length).toBe(2)
    expect(platform.fake.heard).toContain(`expired ${held.id} 1 refresh_refused`)
    expect(await platform.getPlan(held.id)).toMatchObject({ kind: 'given_up', state: 'expired', refreshAt: undefined })
  })

  test('[S2-9] a suspicion that is not confirmed leaves no trace', async () => {
    const { platform, held } = await answered(error('invalid_grant'))
    platform.fake.respond = () => undefined
    await platform.toDue(held)
    expect(await platform.planWhen(held, ({ version }) => version === 2)).toMatchObject({ state: 'planned', failures: {} })
    expect(held.state).toBe('active')
  })

  test.each([
    ['a descriptor of the provider table', error('invalid_grant', { descriptor: 'token_revoked' })],
    ['a withdrawn consent', error('consent_required')],
    ['a refused last resort', { outcome: 'grant_dead' }],
  ])('[S2-9] %s ends the credential at once', async (_name, answer) => {
    const { platform, held } = await answered(answer as Answer)
    await platform.until(() => platform.told('credential.expired').length > 0)
    expect(platform.fake.orders.length).toBe(1)
    expect(held.state).toBe('expired')
  })

  test('[B-1] a strict grant in doubt is not sent again while its access token lives', async () => {
    const lost = { answerKind: 'lost', cause: 'reset', openIntent: true }
    const { platform, held, plan } = await answered(lost)
    expect(plan).toMatchObject({ state: 'in_doubt', refreshAt: held.expiresAt })
    expect(platform.fake.heard).toContain(`health ${held.id} 1 in_doubt`)
    await platform.clock.advance(waitMs(platform, plan) - 1)
    expect(platform.fake.orders.length).toBe(1)
    platform.fake.respond = () => undefined
    await platform.toDue(held)
    await platform.planWhen(held, ({ version, state }) => version === 2 && state === 'planned')
  })

  test('[B-1] a doubt of the reject class is asked again when the sender before must have ended', async () => {
    const { platform, plan } = await answered({ answerKind: 'lost', openIntent: true }, { refreshClass: 'reject' }, { fraction: () => 0 })
    expect(plan.state).toBe('in_doubt')
    expect(waitMs(platform, plan)).toBe(25_000)
  })

  test('[S2-9] a doubt that outlived access token and sender asks the person', async () => {
    const { platform, held } = await answered({ answerKind: 'lost', openIntent: true }, { version: 3 })
    platform.fake.respond = () => ({ outcome: 'in_doubt', askUser: true, openIntent: true })
    await platform.toDue(held)
    await platform.until(() => platform.told('credential.expired').length > 0)
    expect(platform.told('credential.expired')[0]!.data).toMatchObject({ reason: 'in_doubt_lost', version: 3 })
  })

  test('[S2-3] [S2-9] R33 a token from a backup is left alone while its access token lives, and then a person is asked', async () => {
    const restored = { outcome: 'in_doubt', restored: true, openIntent: true }
    const { platform, held, plan } = await answered(restored)
    expect(plan).toMatchObject({ state: 'in_doubt', refreshAt: held.expiresAt })
    expect(platform.fake.heard).toContain(`health ${held.id} 1 restored_unverified`)
    platform.fake.respond = () => ({ ...restored, askUser: true })
    await platform.toDue(held)
    await platform.until(() => platform.told('credential.expired').length > 0)
    expect(platform.told('credential.expired')[0]!.data).toMatchObject({ reason: 'restored', version: 1 })
  })

  test('[B-1] a young doubt waits until its sender is provably gone, because a last resort may still save the grant', async () => {
    const { platform, held } = await answered({ outcome: 'in_doubt', askUser: true, openIntent: true }, { lifeMs: MINUTE })
    for (let n = 0; n < 9; n++) await platform.toDue(held)
    expect(platform.told('credential.expired')).toEqual([])
    platform.fake.respond = () => undefined
    await platform.toDue(held)
    await platform.planWhen(held, ({ version, state }) => version === 2 && state === 'planned')
  })

  test('[B-1] an invalid_grant after the OAuth client was changed waits for the operator and marks nobody', async () => {
    const { platform, held, plan } = await answered(error('invalid_grant', { clientChanged: true }))
    expect(plan).toMatchObject({ state: 'paused', reason: 'client_changed' })
    expect(plan.refreshAt).toBeUndefined()
    await platform.publish('credential.connected', held)
    await platform.clock.advance(2 * HOUR)
    expect(platform.fake.orders.length).toBe(1)
    expect(held.state).toBe('active')
    platform.fake.respond = () => undefined
    await platform.as('gateway', (client) => client.resumeClient({ clientId: CLIENT }))
    await platform.planWhen(held, ({ version, state }) => version === 2 && state === 'planned')
  })

  test('[S2-8] a vault that cannot be reached is no verdict on a grant', async () => {
    const platform = await Platform.start()
    const held = await platform.connect()
    platform.fake.respond = () => {
      throw new TypeError('the vault has a fault')
    }
    await platform.toDue(held)
    expect(await platform.plan(held)).toMatchObject({ state: 'backing_off', failures: { TRANSIENT: { count: 1 } } })
  })

  test('[B-1] [S2-9] one answer that many hints tell of at once, by whatever clock, is one suspicion', async () => {
    const platform = await Platform.start()
    const held = await platform.connect()
    const failure = { answerKind: 'error', httpStatus: 400, errorCode: 'invalid_grant' }
    // The vault's clock may be ahead of ours, or behind.
    for (const skewMs of [4_000, -4_000]) {
      platform.fake.skewMs = skewMs
      platform.fake.respond = () => failure
      await platform.toDue(held)
      await Promise.all(Array.from({ length: 20 }, () => platform.publish('credential.refresh_failed', held)))
      const listed = platform.fake.listed
      await platform.until(() => platform.fake.listed > listed)
      expect((await platform.plan(held))!.failures.SUSPECT?.count).toBe(1)
      expect(platform.told('credential.expired')).toEqual([])
      platform.fake.respond = () => undefined
      await platform.toDue(held)
      await platform.planWhen(held, ({ state }) => state === 'planned')
    }
  })

  test('[S2-9] a refresh that a 401 caused elsewhere is judged like one of our own, once', async () => {
    const platform = await Platform.start()
    const held = await platform.connect()
    await platform.clock.advance(MINUTE)
    const failure = { answerKind: 'error', httpStatus: 400, errorCode: 'invalid_grant' }
    await platform.fake.failElsewhere(held, failure)
    const suspect = await platform.planWhen(held, ({ state }) => state === 'suspect')
    await platform.publish('credential.refresh_failed', held)
    const listed = platform.fake.listed
    await platform.until(() => platform.fake.listed > listed)
    expect((await platform.plan(held))!.failures).toEqual(suspect.failures)
    platform.fake.respond = () => failure
    await platform.toDue(held)
    await platform.until(() => platform.told('credential.expired').length > 0)
  })
})

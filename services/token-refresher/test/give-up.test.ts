import { CodedError } from '@credence/errors'
import { callAs, servicePrincipal } from '@credence/rpc'
import { describe, expect, test } from 'vitest'
import type { Held } from './fake-peers.ts'
import { codeOf, HOUR, Platform } from './platform.ts'

/** A key without an end: nothing is planned for it. */
const KEY: Partial<Held> = { family: 'apikey', hasRefreshToken: false, clientId: '', issuedAt: undefined, expiresAt: undefined }

const giveUp = (
  platform: Platform,
  held: Pick<Held, 'id' | 'project'>,
  version: number,
  reason = 'refused_by_provider',
): Promise<unknown> =>
  platform.as('verifier', (client) =>
    client.giveUp({ credentialId: held.id, version, reason }, callAs(servicePrincipal('verifier', held.project))),
  )

describe('giving a credential up', () => {
  test('[S2-9] the registry has closed the fence before the fact leaves, and the fact has what a person needs', async () => {
    const platform = await Platform.start()
    const held = await platform.connect()
    platform.fake.respond = () => ({ answerKind: 'error', httpStatus: 400, errorCode: 'invalid_grant', descriptor: 'revoked' })
    await platform.toDue(held)
    await platform.until(() => platform.told('credential.expired').length > 0)
    const order = platform.fake.heard.filter((line) => !line.startsWith('health'))
    expect(order).toEqual([`expired ${held.id} 1 refresh_refused`, 'fact credential.expired'])
    expect(platform.told('credential.expired')[0]).toMatchObject({
      subject: held.id,
      project: held.project,
      source: 'token-refresher',
      data: {
        version: 1,
        reason: 'refresh_refused',
        reconnect_url: `https://credence.example/r/${held.id}`,
        upstream_error: 'invalid_grant',
      },
    })
  })

  test('[S2-21] a static key that the provider refuses gets a plan, is marked and told, once for all who say so', async () => {
    const platform = await Platform.start()
    const held = platform.fake.add(KEY)
    await Promise.all([giveUp(platform, held, 1), giveUp(platform, held, 1), giveUp(platform, held, 1)])
    await giveUp(platform, held, 1, 'config_changed')
    await platform.until(() => platform.told('credential.expired').length > 0)
    expect(platform.told('credential.expired').map(({ data }) => data.reason)).toEqual(['refused_by_provider'])
    // A fact leaves its document a moment after it is on the bus.
    await expect.poll(() => platform.plan(held)).toMatchObject({ kind: 'given_up', state: 'expired', outbox: [] })
  })

  test('[S2-9] a secret that was replaced in the meantime is not given up, and is planned anew', async () => {
    const platform = await Platform.start()
    const held = await platform.connect()
    platform.fake.renew(held)
    expect(await codeOf(giveUp(platform, held, 1))).toBe('CONFLICT')
    expect(await platform.plan(held)).toMatchObject({ kind: 'refresh', version: 2 })
    expect(held.state).toBe('active')
  })

  test('[S2-9] a version that moves while the registry is told wins', async () => {
    const platform = await Platform.start()
    const held = await platform.connect()
    platform.fake.registryDoes = (method) => {
      if (method === 'markExpired' && held.version === 1) platform.fake.renew(held)
    }
    expect(await codeOf(giveUp(platform, held, 1))).toBe('CONFLICT')
    expect(await platform.plan(held)).toMatchObject({ kind: 'refresh', state: 'planned', version: 2, failures: {} })
    expect(platform.told('credential.expired')).toEqual([])
  })

  test('[S2-9] a registry that is down delays the fact, and the due index brings it to its end', async () => {
    const platform = await Platform.start()
    const held = await platform.connect()
    let isDown = true
    platform.fake.registryDoes = () => {
      if (isDown) throw new CodedError('UNAVAILABLE')
    }
    expect(await codeOf(giveUp(platform, held, 1))).toBe('UNAVAILABLE')
    expect(await platform.plan(held)).toMatchObject({ kind: 'given_up', state: 'planned', outbox: [] })
    isDown = false
    await platform.toDue(held)
    await platform.until(() => platform.told('credential.expired').length > 0)
  })

  test('[S2-9] a stop between the registry and the fact loses no fact and doubles none', async () => {
    const platform = await Platform.start({ config: { drainMs: 1 } })
    const held = await platform.connect()
    const marked = Promise.withResolvers<void>()
    const hang = Promise.withResolvers<void>()
    platform.fake.registryDoes = async (method) => {
      if (method !== 'markExpired') return
      held.state = 'expired'
      marked.resolve()
      await hang.promise
    }
    platform.fake.respond = () => ({ answerKind: 'error', httpStatus: 400, errorCode: 'access_denied' })
    const due = (await platform.plan(held))!.refreshAt!.getTime()
    await platform.clock.advance(due - platform.clock.now())
    await marked.promise
    const down = platform.down()
    await platform.clock.advance(10)
    await down
    expect(platform.facts).toEqual([])
    platform.fake.registryDoes = () => undefined
    await platform.up()
    hang.resolve()
    await platform.clock.advance(5_000)
    await platform.until(() => platform.told('credential.expired').length > 0)
    await platform.publish('credential.refresh_failed', held)
    await platform.clock.advance(HOUR)
    expect(platform.told('credential.expired').length).toBe(1)
  })

  test('[S2-9] reconnecting a given-up credential is told as a recovery, and it is refreshed again', async () => {
    const platform = await Platform.start()
    const held = await platform.connect()
    await giveUp(platform, held, 1)
    platform.fake.renew(held)
    await platform.publish('credential.connected', held)
    await platform.until(() => platform.told('credential.recovered').length > 0)
    expect(platform.told('credential.recovered')[0]!.data).toMatchObject({ version: 2 })
    await platform.toDue(held)
    expect(await platform.planWhen(held, ({ version }) => version === 3)).toMatchObject({ kind: 'refresh', state: 'planned' })
    expect(platform.told('credential.recovered').length).toBe(1)
  })

  test('[S2-21] a key that ends a second time is told a second time, with a higher seq', async () => {
    const platform = await Platform.start({ config: { healMs: HOUR } })
    const held = platform.fake.add(KEY)
    await giveUp(platform, held, 1)
    platform.fake.renew(held)
    await platform.compared(() => platform.told('credential.recovered').length > 0)
    await platform.compared(async () => (await platform.plan(held)) === undefined)
    await giveUp(platform, held, 2)
    await platform.until(() => platform.told('credential.expired').length === 2)
    const seqs = platform.facts.map(({ seq }) => seq)
    expect(seqs).toEqual([...new Set(seqs)].toSorted((a, b) => a - b))
  })

  test('[S2-9] an answer that comes late to an expired credential does not open it again', async () => {
    const platform = await Platform.start()
    const held = await platform.connect()
    await giveUp(platform, held, 1)
    held.version = 2
    await platform.publish('credential.refreshed', held)
    const listed = platform.fake.listed
    await platform.until(() => platform.fake.listed > listed)
    expect(await platform.plan(held)).toMatchObject({ kind: 'given_up', state: 'expired', version: 1 })
    await giveUp(platform, held, 2)
    expect(platform.told('credential.recovered')).toEqual([])
  })

  test('[S2-9] refused orders say why and leave no plan behind', async () => {
    const platform = await Platform.start()
    const disabled = platform.fake.add({ ...KEY, state: 'disabled' })
    const gone = platform.fake.add({ ...KEY, state: 'deleted' })
    const there = platform.fake.add(KEY)
    expect(await codeOf(giveUp(platform, disabled, 1))).toBe('CREDENTIAL_DISABLED')
    expect(await codeOf(giveUp(platform, gone, 1))).toBe('NOT_FOUND')
    expect(await codeOf(giveUp(platform, { id: there.id, project: gone.id }, 1))).toBe('NOT_FOUND')
    expect(await codeOf(giveUp(platform, there, 1, 'the provider said: no'))).toBe('INVALID_REQUEST')
    expect(await codeOf(platform.as('gateway', (client) => client.giveUp({ credentialId: there.id, version: 1, reason: 'x' })))).toBe(
      'SCOPE_REQUIRED',
    )
    expect(await Promise.all([disabled, gone, there].map((held) => platform.plan(held)))).toEqual([undefined, undefined, undefined])
  })
})

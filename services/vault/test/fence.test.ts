import { callAs } from '@credence/rpc'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { connected, promoted, sealed, seedRecipe, setAccess } from './connecting.ts'
import { startGrantWorld } from './grants.ts'
import { codeOf, Harness, putKey, USER } from './harness.ts'
import { call, type Outside, startOutside } from './outside.ts'

let outside: Outside
let harness: Harness
let key: string

beforeAll(async () => {
  outside = await startOutside()
  harness = await Harness.start({ egress: outside.egress })
  key = (await putKey(harness)).key
})
afterAll(async () => {
  await harness.stop()
  await outside.close()
})

const bearer = (access = {}): Promise<string> =>
  connected(harness, { recipe: seedRecipe('bearer'), secret: { token: 'tok-1234567890' }, access })
const closed = { generation: 2, state: 'disabled', reason: 'disabled_by_caller' } as const
const received = (id: string): number => outside.api.requests.filter(({ path }) => path.includes(id)).length

async function revokeKey(at: Harness, { sha256, keyId }: { sha256: Buffer; keyId: string }, members = {}): Promise<void> {
  const caller = { keySha256: sha256, keyId, scopes: ['use', 'act_for'], roles: [], state: 'revoked', generation: 2, ...members }
  await at.as('registry').setCaller(caller, callAs(at.order()))
}

describe('SetAccess', () => {
  test('[S2-3] no use begins after a disable was answered, in 100 races with calls that are connecting', async () => {
    let late = 0
    let refused = 0
    for (let trial = 0; trial < 100; trial++) {
      const id = await bearer()
      // Each path is the credential's own, so that a request that comes late is told from one that came in time.
      const calls = Array.from({ length: 3 }, () => call(harness.vault, id, `/${id}`, { key }).then((answer) => answer.status))
      for (let turn = 0; turn < trial % 12; turn++) await new Promise((resolve) => setImmediate(resolve))
      await setAccess(harness, id, closed)
      const atAnswer = received(id)
      const statuses = await Promise.all(calls)
      // What had been written by then may still be on its way to the API; what begins later must not.
      const passed = statuses.filter((status) => status === 200).length
      refused += statuses.filter((status) => status === 409).length
      const again = await call(harness.vault, id, `/${id}`, { key })
      expect(again.status).toBe(409)
      late += received(id) - Math.max(atAnswer, passed)
    }
    expect(late).toBe(0)
    expect(refused).toBeGreaterThan(0)
  })

  describe.each(['a disable', 'a delete', 'the end of its key'] as const)(
    '[S2-3] %s that is answered while a use is connecting',
    (what) => {
      let connecting: Harness
      beforeEach(async () => {
        connecting = await Harness.start({ egress: outside.egress })
      })
      afterEach(async () => {
        outside.gate.open()
        await connecting.stop()
      })

      test('stops it: nothing is sent', async () => {
        const mine = await putKey(connecting)
        const id = await connected(connecting, { recipe: seedRecipe('bearer'), secret: { token: 'tok-1234567890' } })
        outside.api.requests.length = 0
        outside.gate.shut()
        const calls = Array.from({ length: 5 }, () => call(connecting.vault, id, '/late', { key: mine.key }))
        await expect.poll(() => outside.gate.waiting()).toBe(5)
        const order = callAs(connecting.order())
        if (what === 'a disable') await setAccess(connecting, id, closed)
        else if (what === 'a delete') await connecting.as('registry').destroy({ credentialId: id, consumers: [] }, order)
        else await revokeKey(connecting, mine)
        outside.gate.open()
        const expected = { 'a disable': 409, 'a delete': 410, 'the end of its key': 401 }[what]
        for (const answer of await Promise.all(calls)) expect(answer.status).toBe(expected)
        expect(outside.api.requests).toEqual([])
      })
    },
  )

  test('[S2-3] a probe and a refresh that are connecting when a disable is answered send nothing', async () => {
    const world = await startGrantWorld('strict')
    try {
      const [probed, refreshed] = [await world.grant(), await world.grant()]
      const before = world.outside.as.ledger().length
      // The pool’s own connections are idle by now; a vault that starts anew has none.
      await world.harness.down()
      await world.harness.up()
      world.outside.gate.shut()
      const order = { credentialId: probed, call: { method: 'GET', url: 'https://auth.example.com/userinfo', expect: [200] } }
      const probing = world.harness.as('verifier').probe(order, callAs(world.harness.order('verifier')))
      const refreshing = world.refresh(refreshed)
      await expect.poll(() => world.outside.gate.waiting()).toBe(2)
      for (const id of [probed, refreshed]) await setAccess(world.harness, id, closed)
      world.outside.gate.open()
      expect(await probing).toMatchObject({ httpStatus: 0, failure: 'CREDENTIAL_DISABLED' })
      expect(await refreshing).toMatchObject({ outcome: 'failed', answerKind: 'not_sent', openIntent: false })
      expect(world.outside.as.ledger().length).toBe(before)
    } finally {
      await world.close()
    }
  })

  test('[S2-3] with several replicas a fence that was read too long ago is read again before the use', async () => {
    const replica = await Harness.start({ egress: outside.egress, fenceMaxAgeMs: 250 })
    const { key: its } = await putKey(replica)
    const id = await connected(replica, { recipe: seedRecipe('bearer'), secret: { token: 'tok-1234567890' } })
    outside.gate.shut()
    const calling = call(replica.vault, id, '/old', { key: its })
    await expect.poll(() => outside.gate.waiting()).toBe(1)
    await replica.clock.advance(251)
    outside.gate.open()
    expect((await calling).status).toBe(200)
    expect(outside.api.requests.filter(({ path }) => path === '/old')).toHaveLength(1)
    // What restricts is answered when every other replica’s read has aged out; what grants does not wait.
    await setAccess(replica, id, { generation: 2, shares: [{ subject: 'project', names: [], permission: 'use' }] })
    let answered = false
    const restricting = setAccess(replica, id, { ...closed, generation: 3 }).then(() => {
      answered = true
    })
    await expect.poll(() => replica.clock.sleepingFor(300)).toBe(1)
    expect((await call(replica.vault, id, '/x', { key: its })).status).toBe(409)
    await replica.clock.advance(290)
    expect(answered).toBe(false)
    await replica.clock.advance(10)
    await restricting
    await replica.stop()
  })

  test('a revoked key stays revoked, whatever older state is pushed after it', async () => {
    const id = await bearer()
    const mine = await putKey(harness)
    expect((await call(harness.vault, id, '/x', { key: mine.key })).status).toBe(200)
    await revokeKey(harness, mine)
    expect((await call(harness.vault, id, '/x', { key: mine.key })).status).toBe(401)
    await revokeKey(harness, mine, { state: 'active', generation: 1 })
    expect((await call(harness.vault, id, '/x', { key: mine.key })).status).toBe(401)
  })

  test('the same fence again is taken, an older one is a conflict and changes nothing', async () => {
    const id = await bearer()
    await setAccess(harness, id, { ...closed, generation: 5 })
    await setAccess(harness, id, { ...closed, generation: 5 })
    expect(await codeOf(setAccess(harness, id, { generation: 4 }))).toBe('CONFLICT')
    expect(await codeOf(setAccess(harness, id, { generation: 5 }))).toBe('CONFLICT')
    expect((await call(harness.vault, id, '/x', { key })).status).toBe(409)
    await setAccess(harness, id, { generation: 6 })
    expect((await call(harness.vault, id, '/x', { key })).status).toBe(200)
  })

  test('[S2-20] a share lets its user in, and taking it back shuts him out at once', async () => {
    const id = await bearer()
    const bob = { subject: `usr_${'0'.repeat(25)}2`, names: ['id:bob'], permission: 'use' }
    const asBob = (): Promise<number> => call(harness.vault, id, '/x', { key, user: 'id:bob' }).then(({ status }) => status)
    expect(await asBob()).toBe(404)
    await setAccess(harness, id, { generation: 2, shares: [bob] })
    expect(await asBob()).toBe(200)
    await setAccess(harness, id, { generation: 3 })
    expect(await asBob()).toBe(404)
    expect((await call(harness.vault, id, '/x', { key, user: USER })).status).toBe(200)
  })

  test('a promote with a fence that is not newer is a conflict, and the row stays readable', async () => {
    const id = await bearer({ generation: 7 })
    const candidate = await sealed(harness, { recipe: seedRecipe('bearer'), secret: { token: 'tok-new-1234' }, credentialId: id })
    expect(await codeOf(promoted(harness, candidate, { generation: 7 }))).toBe('CONFLICT')
    expect((await call(harness.vault, id, '/x', { key })).status).toBe(200)
    expect(await promoted(harness, candidate, { generation: 8 })).toBe(2)
    expect(await promoted(harness, candidate, { generation: 9 })).toBe(2)
  })

  test('a call whose fence moved to another share keeps its whole streamed body', async () => {
    const id = await bearer()
    const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, i) => i % 251))
    let generation = 1
    let moving = true
    const moves = (async () => {
      while (moving) await setAccess(harness, id, { generation: ++generation, shares: [] })
    })()
    for (let i = 0; i < 20; i++) {
      const answer = await call(harness.vault, id, `/body-${i}`, { key, method: 'PUT', body: new Blob([bytes]).stream() })
      if (answer.status === 409) continue
      expect(answer.status).toBe(200)
      expect(outside.api.requests.find(({ path }) => path === `/body-${i}`)?.bodyBytes).toBe(bytes.length)
    }
    moving = false
    await moves
  })
})

describe('Check', () => {
  const check = (id: string, path = '/x', method = 'GET', user = 'id:ann'): Promise<string> =>
    codeOf(harness.caller(key, user).check({ credentialId: id, method, path }))

  test('answers as a call would, and makes none', async () => {
    const id = await bearer()
    const before = outside.api.connections()
    expect(await check(id)).toBe('no error')
    expect(await check(id, '/../x')).toBe('HOST_REFUSED')
    expect(await check(id, 'x')).toBe('INVALID_REQUEST')
    expect(await check(id, '/x', 'TRACE')).toBe('METHOD_REFUSED')
    expect(await check(id, '/x', 'GET', 'id:bob')).toBe('NOT_FOUND')
    await setAccess(harness, id, { generation: 2, state: 'expired' })
    expect(await check(id)).toBe('CREDENTIAL_EXPIRED')
    await setAccess(harness, id, { ...closed, generation: 3 })
    expect(await check(id)).toBe('CREDENTIAL_DISABLED')
    expect(outside.api.connections()).toBe(before)
  })

  test('[S0-12] is told apart from uses in the history, and leaves no last use', async () => {
    const id = await bearer()
    await check(id)
    const history = async (): Promise<string[]> => {
      const { uses } = await harness.as('registry').listUses({ credentialId: id, pageSize: 10 }, callAs(harness.order()))
      return uses.map(({ action, outcome }) => `${action} ${outcome}`)
    }
    await expect.poll(history).toEqual(['check ok'])
    expect(harness.reports.filter(({ credentialId }) => credentialId === id)).toEqual([])
  })
})

import { callAs } from '@credence/rpc'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connected, promoted, sealed, seedRecipe, setAccess } from './connecting.ts'
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

/** The API is reached and says nothing: each connection waits until it is released, and then it is cut. */
function holdConnections({ api }: Outside): { count(): number; release(): void } {
  const waiting: (() => void)[] = []
  const emit = api.server.emit.bind(api.server)
  api.server.emit = ((event: string, ...rest: unknown[]) => {
    if (event !== 'connection') return emit(event, ...rest)
    waiting.push(() => emit(event, ...rest))
    return true
  }) as typeof api.server.emit
  return {
    count: () => waiting.length,
    release() {
      api.server.emit = emit
      for (const go of waiting.splice(0)) go()
      api.server.closeAllConnections()
    },
  }
}

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

  test.each(['disable', 'revoke the key'] as const)(
    '[S2-3] calls that wait for their connection when a `%s` is answered send nothing',
    async (what) => {
      const slow = await startOutside()
      const held = holdConnections(slow)
      const other = await Harness.start({ egress: slow.egress })
      try {
        const mine = await putKey(other)
        const busyKey = (await putKey(other)).key
        const connect = (): Promise<string> => connected(other, { recipe: seedRecipe('bearer'), secret: { token: 'tok-1234567890' } })
        const [busyId, id] = [await connect(), await connect()]
        // 64 connections per origin: the next calls wait for one of them, long after their fence was read.
        const busy = Array.from({ length: 64 }, () => call(other.vault, busyId, '/never', { key: busyKey }).catch(() => undefined))
        while (held.count() < 64) await new Promise((resolve) => setImmediate(resolve))
        const late = Array.from({ length: 5 }, () => call(other.vault, id, '/late', { key: mine.key }))
        await new Promise((resolve) => setTimeout(resolve, 50))
        if (what === 'disable') await setAccess(other, id, closed)
        else await revokeKey(other, mine)
        held.release()
        await other.clock.advance(61_000)
        for (const answer of await Promise.all(late)) expect(answer.status).toBe(what === 'disable' ? 409 : 401)
        await Promise.all(busy)
        expect(slow.api.requests.filter(({ path }) => path === '/late')).toEqual([])
      } finally {
        await other.stop()
        await slow.close()
      }
    },
  )

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

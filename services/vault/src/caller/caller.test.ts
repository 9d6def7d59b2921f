import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { systemRandom } from '@credence/service'
import { type DocumentStore, openSqliteStore } from '@credence/store'
import { TestClock, tempHome } from '@credence/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { flakyStore } from '../../test/flaky-store.ts'
import { type CallerFields, type Callers, openCallers } from './caller.ts'

const home = tempHome()
const clock = new TestClock()
let store: DocumentStore
let callers: Callers

beforeAll(async () => {
  store = await openSqliteStore({ file: join(home.path, 'data.sqlite'), random: systemRandom })
  callers = await openCallers({ store, macKey: Buffer.alloc(32, 1), clock, maxAgeMs: 0 })
})
afterAll(() => store.close())

let keys = 0
async function put(members: Partial<CallerFields> = {}): Promise<{ key: string; sha256: Buffer; fields: CallerFields }> {
  const key = `crd_${String(keys++).padStart(43, 'k')}`
  const sha256 = createHash('sha256').update(key).digest()
  const fields = {
    project: 'proj_1',
    keyId: 'key_1',
    scopes: ['use', 'act_for'],
    roles: ['member'],
    state: 'active',
    generation: 3,
    ...members,
  }
  await callers.set(sha256, fields)
  return { key, sha256, fields }
}
const who = (key: string, user = ''): Promise<unknown> =>
  callers.authenticate({ authorization: `Bearer ${key}`, user }, 'http').catch((error: { code: string }) => error.code)

describe('a caller', () => {
  test('is known by the hash of the key alone: the store never holds one', async () => {
    const { key } = await put()
    expect(await who(key)).toEqual({
      project: 'proj_1',
      subject: 'key_1',
      user: '',
      userNames: [],
      roles: ['member'],
      scopes: ['use', 'act_for'],
      via: 'http',
    })
    expect(await who(`${key}x`)).toBe('UNAUTHENTICATED')
    const docs = await store.collection<{ id: string; v: number }>({ name: 'vault_callers', indexes: [] })
    expect(await docs.get(key)).toBeUndefined()
    expect(JSON.stringify(await docs.get(createHash('sha256').update(key).digest('hex')))).not.toContain(key)
  })

  test('shows a bearer key and nothing else', async () => {
    const { key } = await put()
    const shown = (authorization: string): Promise<unknown> =>
      callers.authenticate({ authorization, user: '' }, 'http').then(
        () => 'known',
        (error: { code: string }) => error.code,
      )
    expect(await shown(`bearer ${key}`)).toBe('known')
    for (const other of ['', key, `Basic ${key}`, `Bearer  ${key}`, `Bearer ${key} `, `Bearer ${key.slice(0, 20)}`])
      expect(await shown(other)).toBe('UNAUTHENTICATED')
  })

  test('that is revoked or over is not known, and scopes that we do not know are dropped', async () => {
    const { key, sha256, fields } = await put({ expiresAt: new Date(clock.now() + 1000), scopes: ['use', 'everything'] })
    expect(await who(key)).toMatchObject({ scopes: ['use'] })
    await clock.advance(1000)
    expect(await who(key)).toBe('UNAUTHENTICATED')
    const { expiresAt: _over, ...renewed } = fields
    await callers.set(sha256, { ...renewed, generation: 4 })
    expect(await who(key)).toMatchObject({ subject: 'key_1' })
    await callers.set(sha256, { ...renewed, generation: 5, state: 'revoked' })
    expect(await who(key)).toBe('UNAUTHENTICATED')
    await callers.set(sha256, { ...renewed, generation: 4 })
    expect(await who(key)).toBe('UNAUTHENTICATED')
  })

  test('acts for a user only with the scope, by a name that can be one', async () => {
    const [{ key }, lesser] = [await put(), await put({ scopes: ['use'] })]
    expect(await who(key, 'Email:Ann@Example.com')).toMatchObject({ userNames: ['email:ann@example.com'] })
    expect(await who(key, 'ann')).toMatchObject({ userNames: ['id:ann'] })
    expect(await who(key, 'email:nobody')).toBe('USER_REQUIRED')
    expect(await who(lesser.key, 'ann')).toBe('SCOPE_REQUIRED')
  })

  test('a read that began before a revocation does not bring the key back', async () => {
    const { key, sha256, fields } = await put()
    const slow = flakyStore(store)
    const other = await openCallers({ store: slow, macKey: Buffer.alloc(32, 1), clock, maxAgeMs: 0 })
    const { promise, resolve } = Promise.withResolvers<void>()
    slow.slow = promise
    const reading = other.authenticate({ authorization: `Bearer ${key}`, user: '' }, 'http').then(
      () => 'known',
      (error: { code: string }) => error.code,
    )
    slow.slow = undefined
    await other.set(sha256, { ...fields, generation: 4, state: 'revoked' })
    resolve()
    expect(await reading).toBe('UNAUTHENTICATED')
    await expect(other.authenticate({ authorization: `Bearer ${key}`, user: '' }, 'http')).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    })
  })

  test('whose key is taken back is told apart in the tick that asks', async () => {
    const { key, sha256, fields } = await put()
    const principal = await callers.authenticate({ authorization: `Bearer ${key}`, user: 'ann' }, 'http')
    expect(callers.inForce(principal)).toBe(true)
    await callers.set(sha256, { ...fields, generation: 4, state: 'revoked' })
    expect(callers.inForce(principal)).toBe(false)
  })

  test('[S2-3] whose key is taken back at one replica is known to no other when that answers', async () => {
    const replica = (): Promise<Callers> => openCallers({ store, macKey: Buffer.alloc(32, 1), clock, maxAgeMs: 250 })
    const [here, there] = [await replica(), await replica()]
    const { key, sha256, fields } = await put()
    const shown = { authorization: `Bearer ${key}`, user: '' }
    const principal = await there.authenticate(shown, 'http')
    await clock.advance(250)
    expect(there.inForce(principal)).toBe(true)
    await clock.advance(1)
    // Too long ago to be sure: asked again, and still in force.
    expect(there.inForce(principal)).toBe(false)
    await there.confirm(principal)
    expect(there.inForce(principal)).toBe(true)
    let answered = false
    const taking = here.set(sha256, { ...fields, generation: 4, state: 'revoked' }).then(() => {
      answered = true
    })
    await expect.poll(() => clock.sleeping).toBe(1)
    expect([answered, there.inForce(principal)]).toEqual([false, true])
    await clock.advance(300)
    await taking
    expect(there.inForce(principal)).toBe(false)
    await expect(there.confirm(principal)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    await expect(there.authenticate(shown, 'http')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  test('whose record was written by another hand is not known', async () => {
    const { key, sha256 } = await put()
    const stranger = await openCallers({ store, macKey: Buffer.alloc(32, 2), clock, maxAgeMs: 0 })
    await expect(stranger.authenticate({ authorization: `Bearer ${key}`, user: '' }, 'http')).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    })
    expect(sha256).toHaveLength(32)
  })
})

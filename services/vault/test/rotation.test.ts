import { callAs } from '@credence/rpc'
import { afterEach, describe, expect, test } from 'vitest'
import { begun, completed, connected, consented, promoted, sealed, seedRecipe } from './connecting.ts'
import { type GrantWorld, startGrantWorld } from './grants.ts'
import { codeOf } from './harness.ts'
import { call } from './outside.ts'
import { overwrite, rowOf } from './rows.ts'

let world: GrantWorld
afterEach(() => world.close())

async function rotate(retire: boolean, project = ''): Promise<{ done: number; total: number; projectKeyId: string }> {
  let last = { done: 0, total: 0, projectKeyId: '' }
  const { harness } = world
  for await (const progress of harness.as('gateway').rotateKeys({ project, retire }, callAs(harness.person()))) last = progress
  return last
}
const use = async (id: string): Promise<number> => (await call(world.harness.vault, id, '/x', { key: world.key })).status

describe('[B-7] key rotation', () => {
  test('goes on under load: calls, seals, refreshes and a sign-in all end well, and nothing is left under the old key', async () => {
    world = await startGrantWorld('strict')
    const { harness, outside } = world
    outside.api.accept(() => true)
    const ids = await Promise.all(
      Array.from({ length: 12 }, () => connected(harness, { recipe: seedRecipe('bearer'), secret: { token: 'tok-1234567890' } })),
    )
    const grant = await world.grant()
    const signIn = await begun(harness, { recipe: world.recipe() })
    const waiting = await sealed(harness, { recipe: seedRecipe('bearer'), secret: { token: 'tok-candidate-1' } })
    let busy = true
    const load = (async () => {
      const statuses: number[] = []
      const made: string[] = []
      while (busy) {
        statuses.push(await use(ids[statuses.length % ids.length]!))
        made.push(await connected(harness, { recipe: seedRecipe('bearer'), secret: { token: 'tok-made-12345' } }))
        if (made.length % 3 === 0) await world.refresh(grant)
      }
      return { statuses, made }
    })()
    for (let round = 0; round < 3; round++) await rotate(true)
    busy = false
    const { statuses, made } = await load
    expect(new Set(statuses)).toEqual(new Set([200]))
    await rotate(true)
    const newest = (await rowOf(harness, ids[0]!)).sealed?.projectKeyId
    for (const id of [...ids, ...made, grant]) {
      const row = await rowOf(harness, id)
      expect([row.sealed?.projectKeyId, await use(id)], id).toEqual([newest, 200])
    }
    expect(await promoted(harness, waiting)).toBe(1)
    const answer = await completed(harness, await consented(outside.as, signIn.authorizeUrl))
    expect(await promoted(harness, answer)).toBe(1)
    expect(await world.refresh(grant)).toMatchObject({ outcome: 'refreshed' })
  })

  test('retire makes an older backup unreadable, and without it both keys are good', async () => {
    world = await startGrantWorld('strict')
    const { harness } = world
    world.outside.api.accept(() => true)
    const id = await connected(harness, { recipe: seedRecipe('bearer'), secret: { token: 'tok-1234567890' } })
    const backup = await rowOf(harness, id)
    const put = (row: typeof backup): Promise<void> => overwrite(harness, row)
    await rotate(false)
    const rotated = await rowOf(harness, id)
    await put(backup)
    expect(await use(id)).toBe(200)
    await put(rotated)
    await rotate(true)
    await put(backup)
    const answer = await call(harness.vault, id, '/x', { key: world.key })
    expect(await answer.json()).toMatchObject({ code: 'KEY_MISMATCH' })
  })

  test('passes over a row that does not open, and serves all others', async () => {
    world = await startGrantWorld('strict')
    const { harness } = world
    world.outside.api.accept(() => true)
    const [good, bad] = await Promise.all(
      [1, 2].map(() => connected(harness, { recipe: seedRecipe('bearer'), secret: { token: 'tok-1234567890' } })),
    )
    const row = await rowOf(harness, bad!)
    await overwrite(harness, { ...row, sealed: { ...row.sealed!, wrappedDek: new Uint8Array(60) } })
    expect(await rotate(true)).toMatchObject({ done: 2, total: 2 })
    expect([await use(good!), await use(bad!)]).toEqual([200, 409])
  })

  test('is refused for another project and for the vault’s own keys', async () => {
    world = await startGrantWorld('strict')
    expect(await codeOf(rotate(true, `proj_${'6'.repeat(26)}`))).toBe('NOT_FOUND')
    expect(await codeOf(rotate(true, 'installation'))).toBe('NOT_FOUND')
    await world.harness.down()
    await world.harness.up()
    expect(await rotate(true)).toMatchObject({ total: 0 })
  })

  test('and everything else survives a restart: grants, keys, candidates and the audit chain', async () => {
    world = await startGrantWorld('strict')
    const grant = await world.grant()
    const waiting = await sealed(world.harness, { recipe: seedRecipe('bearer'), secret: { token: 'tok-candidate-1' } })
    await rotate(true)
    await world.harness.down()
    await world.harness.up()
    expect(await use(grant)).toBe(200)
    expect(await world.refresh(grant)).toMatchObject({ outcome: 'refreshed', version: 2 })
    expect(await promoted(world.harness, waiting)).toBe(1)
  })
})

import { createHash } from 'node:crypto'
import { callAs } from '@credence/rpc'
import type { Doc } from '@credence/store'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Child } from '../src/credential/child.ts'
import { connected, PROJECT_SHARE, promoted, recipeWith, sealed, seedRecipe, setAccess } from './connecting.ts'
import { codeOf, Harness, putKey } from './harness.ts'
import { call, type Outside, startOutside } from './outside.ts'
import { existing, overwrite, rowOf } from './rows.ts'

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

const bearer = (token = 'tok-1234567890', access = {}): Promise<string> =>
  connected(harness, { recipe: seedRecipe('bearer'), secret: { token }, access })
async function told(id: string, user = 'id:ann'): Promise<string> {
  const answer = await call(harness.vault, id, '/x', { key, user })
  return answer.status === 200 ? 'used' : ((await answer.json()) as { code: string }).code
}
/** What the vault says of the row when a storage writer changed it; the row is put back. */
async function altered(id: string, change: (row: Child) => Child, user?: string): Promise<string> {
  const row = await rowOf(harness, id)
  await overwrite(harness, change(row))
  const code = await told(id, user)
  await overwrite(harness, row)
  return code
}

describe('[B-7] a storage writer', () => {
  test('who flips any byte of ciphertext, wrapped key, commitment or MAC is refused', async () => {
    const id = await bearer()
    const { sealed: box, access } = await rowOf(harness, id)
    const flips: ((row: Child) => Child)[] = []
    for (const name of ['box', 'wrappedDek', 'commitment'] as const) {
      for (let i = 0; i < box![name].length; i++)
        flips.push((row) => ({ ...row, sealed: { ...row.sealed!, [name]: flipped(box![name], i) } }))
    }
    for (let i = 0; i < access!.mac.length; i++) flips.push((row) => ({ ...row, access: { ...row.access!, mac: flipped(access!.mac, i) } }))
    const codes = new Set<string>()
    for (const flip of flips) {
      await overwrite(harness, flip(await rowOf(harness, id)))
      codes.add(await codeOf(harness.caller(key, 'id:ann').check({ credentialId: id, method: 'GET', path: '/x' })))
      await overwrite(harness, { ...(await rowOf(harness, id)), sealed: box!, access: access! })
    }
    expect([...codes]).toEqual(['CREDENTIAL_QUARANTINED'])
    expect(await told(id)).toBe('used')
  })

  test('who cuts, empties or replaces a member is refused and the vault stays up', async () => {
    const id = await bearer()
    const cut = (name: 'box' | 'wrappedDek' | 'commitment', value: unknown) => (row: Child) =>
      ({ ...row, sealed: { ...row.sealed!, [name]: value } }) as Child
    for (const name of ['box', 'wrappedDek', 'commitment'] as const) {
      for (const value of [new Uint8Array(0), new Uint8Array(4), new Uint8Array(27), 'text', 7])
        expect(await altered(id, cut(name, value)), `${name} ${value}`).toBe('CREDENTIAL_QUARANTINED')
    }
    expect(await altered(id, (row) => ({ ...row, access: { ...row.access!, mac: new Uint8Array(4) } }))).toBe('CREDENTIAL_QUARANTINED')
    expect(await told(id)).toBe('used')
  })

  test('who moves a box to another credential, version or project opens nothing', async () => {
    const [mine, other] = [await bearer('tok-mine-12345'), await bearer('tok-other-1234')]
    const foreign = await rowOf(harness, other)
    expect(await altered(mine, (row) => ({ ...row, sealed: foreign.sealed! }))).toBe('CREDENTIAL_QUARANTINED')
    expect(await altered(mine, (row) => ({ ...row, sealed: foreign.sealed!, access: foreign.access! }))).toBe('CREDENTIAL_QUARANTINED')
    expect(await altered(mine, (row) => ({ ...row, version: 2 }))).toBe('CREDENTIAL_QUARANTINED')
    const project = `proj_${'5'.repeat(26)}`
    const thief = await putKey(harness, { project })
    const row = await rowOf(harness, mine)
    await overwrite(harness, { ...row, project })
    expect((await call(harness.vault, mine, '/x', { key: thief.key })).status).toBe(409)
    await overwrite(harness, row)
  })

  test('who lets himself into the fence, or brings an old active one back, is refused', async () => {
    const id = await bearer()
    const share = { names: ['id:thief'], permission: 'use' }
    expect(await altered(id, (row) => ({ ...row, access: { ...row.access!, shares: [share] } }), 'id:thief')).toBe('CREDENTIAL_QUARANTINED')
    expect(await altered(id, (row) => ({ ...row, access: { ...row.access!, owner: ['id:thief'] } }), 'id:thief')).toBe(
      'CREDENTIAL_QUARANTINED',
    )
    const active = await rowOf(harness, id)
    await setAccess(harness, id, { generation: 2, state: 'disabled' })
    const disabled = await rowOf(harness, id)
    await overwrite(harness, { ...disabled, access: active.access! })
    expect(await told(id)).toBe('CREDENTIAL_QUARANTINED')
    await overwrite(harness, { ...disabled, access: { ...disabled.access!, state: 'active' } })
    expect(await told(id)).toBe('CREDENTIAL_QUARANTINED')
  })

  test('who brings a whole older row back is refused, whatever its age, and a stranger is told nothing', async () => {
    const id = await bearer()
    const rows = [await rowOf(harness, id)]
    for (let version = 2; version <= 6; version++) {
      const next = await sealed(harness, { recipe: seedRecipe('bearer'), secret: { token: `tok-version-${version}` }, credentialId: id })
      await promoted(harness, next, { generation: version })
      rows.push(await rowOf(harness, id))
    }
    const newest = rows.pop()!
    for (const old of rows) {
      await overwrite(harness, old)
      expect(await told(id)).toBe('CREDENTIAL_QUARANTINED')
      expect(await told(id, 'id:stranger')).toBe('NOT_FOUND')
    }
    await overwrite(harness, newest)
    expect(await told(id)).toBe('used')
  })

  test('who brings a deleted credential back is refused', async () => {
    const id = await bearer()
    const alive = await rowOf(harness, id)
    await harness.as('registry').destroy({ credentialId: id, consumers: [] }, callAs(harness.order()))
    const { sealed: gone, access, plain } = await rowOf(harness, id)
    expect([gone, access, plain]).toEqual([undefined, undefined, {}])
    await overwrite(harness, alive)
    expect(await told(id)).toBe('CREDENTIAL_QUARANTINED')
  })

  test('who names another recipe, or alters the bytes of the recipe, opens nothing', async () => {
    const id = await bearer()
    const other = await connected(harness, {
      recipe: recipeWith({ type: 'BEARER', auth_header_key_override: 'X-Debug', fields: [{ field_name: 'token' }] }),
      secret: { token: 'tok-1234567890' },
    })
    const { recipe } = await rowOf(harness, other)
    expect(await altered(id, (row) => ({ ...row, recipe }))).toBe('CREDENTIAL_QUARANTINED')
    const recipes = await harness.store.collection<Doc & { bytes: Uint8Array }>({ name: 'vault_recipes', indexes: [] })
    const stored = await existing(recipes, (await rowOf(harness, id)).recipe)
    const bytes = Buffer.from(Buffer.from(stored.bytes).toString().replace('"Authorization"', '"X-Debugging00"'))
    expect(bytes.equals(stored.bytes)).toBe(false)
    await recipes.replace({ ...stored, bytes }, stored.rev)
    await harness.down()
    await harness.up()
    expect(await told(id)).toBe('CREDENTIAL_QUARANTINED')
    const again = await harness.store.collection<Doc & { bytes: Uint8Array }>({ name: 'vault_recipes', indexes: [] })
    await again.replace({ ...stored, bytes: stored.bytes }, (await existing(again, stored.id)).rev)
    expect(await told(id)).toBe('used')
  })

  test('who fills in another domain opens nothing: the hosts are sealed', async () => {
    const id = await connected(harness, {
      recipe: seedRecipe('freshdesk'),
      plain: { domain: 'acme.freshdesk.com' },
      secret: { username: 'k-123456' },
    })
    const before = outside.api.requests.length
    expect(await altered(id, (row) => ({ ...row, plain: { domain: 'api.example.com' } }))).toBe('CREDENTIAL_QUARANTINED')
    expect(outside.api.requests.length).toBe(before)
  })

  test('who writes himself a key, or widens one, is not known', async () => {
    const { key: mine, sha256 } = await putKey(harness, { scopes: ['use'] })
    type CallerRow = Doc & { scopes: string[]; project: string; generation: number }
    const callers = await harness.store.collection<CallerRow>({ name: 'vault_callers', indexes: [] })
    const row = await existing(callers, sha256.toString('hex'))
    await callers.replace({ ...row, scopes: ['use', 'act_for'] }, row.rev)
    const id = await bearer('tok-1234567890', { shares: [PROJECT_SHARE] })
    const forged = `crd_${'f'.repeat(43)}`
    const { rev: _rev, ...fields } = row
    await callers.insert({ ...fields, id: createHash('sha256').update(forged).digest('hex') })
    await harness.down()
    await harness.up()
    expect((await call(harness.vault, id, '/x', { key: forged, user: '' })).status).toBe(401)
    expect((await call(harness.vault, id, '/x', { key: mine, user: '' })).status).toBe(401)
    expect((await call(harness.vault, id, '/x', { key })).status).toBe(200)
  })

  test('[S2-20] one poisoned row does not keep the refresher from the others', async () => {
    const ids = [await bearer(), await bearer(), await bearer()]
    const stale = await rowOf(harness, ids[1]!)
    await setAccess(harness, ids[1]!, { generation: 2 })
    await overwrite(harness, stale)
    const order = callAs(harness.order('token-refresher'))
    const { tokens } = await harness.as('token-refresher').listTokens({ credentialIds: ids }, order)
    expect(tokens.map(({ credentialId }) => credentialId)).toEqual([ids[0], ids[2]])
  })
})

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[at]! ^= 1
  return copy
}

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { callAs } from '@credence/rpc'
import { judgeLedger } from '@credence/testkit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { connected, seedRecipe } from './connecting.ts'
import { type FlakyStore, flakyStore } from './flaky-store.ts'
import { type GrantWorld, startGrantWorld } from './grants.ts'
import { codeOf, type Harness } from './harness.ts'
import { call } from './outside.ts'

let world: GrantWorld
let store: FlakyStore

const logOf = ({ folder }: Harness): string => join(folder, 'audit', readdirSync(join(folder, 'audit'))[0]!)
/** The pause before an answer that the store refused is saved again. */
const SAVED_AGAIN_MS = 200

beforeEach(async () => {
  world = await startGrantWorld('strict', {
    vault: {
      wrapStore(real) {
        store = flakyStore(real)
        return store
      },
    },
  })
})
afterEach(() => world.close())

describe('while the store takes no writes', () => {
  test('[B-1] no token is spent: the intent could not be written', async () => {
    const id = await world.grant()
    store.down = true
    expect(await codeOf(world.refresh(id))).toBe('STORE_UNAVAILABLE')
    expect(world.posts()).toBe(0)
    store.down = false
    expect(await world.refresh(id)).toMatchObject({ outcome: 'refreshed' })
  })

  test('[B-1] an answer that is in the hand is kept, and saved when the store is back', async () => {
    const id = await world.grant()
    world.outside.as.behave({ hold: true, times: 1 })
    const refreshing = codeOf(world.refresh(id))
    await expect.poll(() => world.outside.as.held()).toBe(1)
    store.down = true
    store.refused = 0
    world.outside.as.release()
    // What the store refuses may be of somebody else; this sleep is of whoever has the answer in the hand.
    await expect.poll(() => world.harness.clock.sleepingFor(SAVED_AGAIN_MS)).toBe(1)
    expect(store.refused).toBeGreaterThan(0)
    await world.harness.clock.advance(21_000)
    expect(await refreshing).toBe('STORE_UNAVAILABLE')
    store.down = false
    await world.harness.clock.advance(91_000)
    await expect.poll(async () => (await world.refresh(id, 1)).outcome).toBe('moved')
    expect((await call(world.harness.vault, id, '/x', { key: world.key })).status).toBe(200)
    expect([world.posts(), judgeLedger(world.outside.as.ledger()).spentReplays]).toEqual([1, 0])
  })

  test('calls go on, and the history is whole afterwards', async () => {
    world.outside.api.accept(() => true)
    const id = await connected(world.harness, { recipe: seedRecipe('bearer'), secret: { token: 'tok-1234567890' } })
    await call(world.harness.vault, id, '/x', { key: world.key })
    store.down = true
    for (let i = 0; i < 3; i++) expect((await call(world.harness.vault, id, '/x', { key: world.key })).status).toBe(200)
    const ends = async (): Promise<number> => {
      await world.harness.clock.advance(25)
      return readFileSync(logOf(world.harness), 'latin1').split('"phase":"ended","outcome":"ok"').length - 1
    }
    await expect.poll(ends).toBe(4)
    // A shipment that is being refused sleeps only afterwards.
    const failures = async (): Promise<number> => {
      await world.harness.clock.advance(1_000)
      return world.harness.logLines.filter((line) => line.includes('ship_failed')).length
    }
    await expect.poll(failures).toBeGreaterThan(1)
    store.down = false
    const uses = async (): Promise<number> => {
      const page = await world.harness.as('registry').listUses({ credentialId: id, pageSize: 50 }, callAs(world.harness.order()))
      return page.uses.length
    }
    await expect.poll(uses).toBe(4)
  })
})

describe('while the store is slow', () => {
  test('[S2-17] a row that changes while it is read is no row from the past: the call goes on with what is in force', async () => {
    const id = await world.grant()
    // The caller's key is known from here on, so that the row is what is waited for.
    expect((await call(world.harness.vault, id, '/x', { key: world.key })).status).toBe(200)
    const { promise, resolve } = Promise.withResolvers<void>()
    store.slow = promise
    const calling = call(world.harness.vault, id, '/x', { key: world.key })
    await expect.poll(() => store.reading).toBe(1)
    store.slow = undefined
    expect(await world.refresh(id)).toMatchObject({ outcome: 'refreshed', version: 2 })
    resolve()
    expect((await calling).status).toBe(200)
  })
})

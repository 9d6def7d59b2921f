import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { callAs } from '@credence/rpc'
import { judgeLedger } from '@credence/testkit'
import { afterEach, describe, expect, test } from 'vitest'
import { type GrantWorld, startGrantWorld } from './grants.ts'
import { call } from './outside.ts'

let world: GrantWorld
afterEach(() => world.close())

/** A grant, and the store as it was before its token was spent. */
async function restored(serverClass: 'static' | 'strict'): Promise<string> {
  world = await startGrantWorld(serverClass)
  const { harness } = world
  const id = await world.grant()
  await harness.down()
  const backup = readFileSync(harness.storeFile)
  await harness.up()
  await harness.clock.advance(1_000)
  expect((await world.refresh(id)).outcome).toBe('refreshed')
  await harness.down()
  writeFileSync(harness.storeFile, backup)
  for (const suffix of ['-wal', '-shm']) rmSync(`${harness.storeFile}${suffix}`, { force: true })
  await harness.clock.advance(1_000)
  await harness.up({ acceptRestore: true })
  return id
}

describe('R33 a backup that was put back', () => {
  test('[B-1] sends no token that a strict server may have seen, serves the access token, and asks when that ends', async () => {
    const id = await restored('strict')
    const before = world.posts()
    expect(await world.refresh(id)).toMatchObject({ outcome: 'in_doubt', restored: true, askUser: false })
    expect((await call(world.harness.vault, id, '/x', { key: world.key })).status).toBe(200)
    // Also after a start without the word: the store knows.
    await world.harness.down()
    await world.harness.up()
    await world.harness.clock.advance(3_600_000)
    expect(await world.refresh(id)).toMatchObject({ outcome: 'in_doubt', restored: true, askUser: true })
    expect((await call(world.harness.vault, id, '/x', { key: world.key })).status).toBe(401)
    expect(world.posts()).toBe(before)
    expect(judgeLedger(world.outside.as.ledger())).toMatchObject({ familiesRevokedByReuse: 0, spentReplays: 0 })
  })

  test('[B-1] refreshes a grant whose token does not change, and a strict one when somebody asks', async () => {
    const harmless = await restored('static')
    expect((await world.refresh(harmless)).outcome).toBe('refreshed')
    await world.close()
    const id = await restored('strict')
    const order = { credentialId: id, expectedVersion: 0, cause: 'enable' }
    const answer = await world.harness.as('registry').refresh(order, callAs(world.harness.order('registry')))
    expect(answer).toMatchObject({ outcome: 'failed', answerKind: 'error', errorCode: 'invalid_grant' })
  })
})

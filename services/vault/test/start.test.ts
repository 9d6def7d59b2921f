import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { DEFAULT_REFRESH_TIMES } from '@credence/refresh-protocol'
import { afterEach, describe, expect, test } from 'vitest'
import { connected, seedRecipe } from './connecting.ts'
import { codeOf, Harness } from './harness.ts'

let harness: Harness
afterEach(() => harness.home.remove())

const downAfter = async (): Promise<void> => {
  harness = await Harness.start()
  await connected(harness, { recipe: seedRecipe('bearer'), secret: { token: 'tok-1234567890' } })
  await harness.down()
}
const messageOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: Error) => error.message,
  )

describe('the vault', () => {
  test('[B-7] makes a key at the first start that only its owner can read, and starts with it again', async () => {
    await downAfter()
    expect(statSync(harness.keyFile).mode & 0o777).toBe(0o400)
    expect(readFileSync(harness.keyFile, 'latin1')).toMatch(/^credence-key-1 [0-9a-f]{64}\n$/)
    await harness.up()
    await harness.down()
  })

  test('[B-7] names both keys when it is given the one of another installation', async () => {
    await downAfter()
    writeFileSync(join(harness.home.path, 'other-key'), `credence-key-1 ${'ab'.repeat(32)}\n`)
    const starting = harness.up({ keyFile: join(harness.home.path, 'other-key') })
    expect(await messageOf(starting)).toMatch(/written with key [0-9a-f]{8}, you gave [0-9a-f]{8}/)
    await harness.up()
    await harness.down()
  })

  test('[B-7] does not make a new key where one is missing', async () => {
    await downAfter()
    const key = readFileSync(harness.keyFile)
    rmSync(harness.keyFile, { force: true })
    expect(await codeOf(harness.up())).toBe('KEY_MISMATCH')
    expect(existsSync(harness.keyFile)).toBe(false)
    writeFileSync(harness.keyFile, key)
    await harness.up()
    await harness.down()
  })

  test('[B-7] refuses a file that is no key', async () => {
    harness = await Harness.start()
    await harness.down()
    writeFileSync(join(harness.home.path, 'text'), 'hello')
    expect(await codeOf(harness.up({ keyFile: join(harness.home.path, 'text') }))).toBe('INVALID_SETTING')
  })

  test('refuses a damaged instance.json: a new one would leave log and spill to nobody', async () => {
    await downAfter()
    writeFileSync(join(harness.folder, 'instance.json'), '{"id":')
    expect(await codeOf(harness.up())).toBe('INVALID_SETTING')
  })

  test('refuses refresh times that contradict each other, with the names of the settings', async () => {
    harness = await Harness.start()
    await harness.down()
    const starting = harness.up({ refreshTimes: { ...DEFAULT_REFRESH_TIMES, leaseMs: 1000 } })
    await expect(starting).rejects.toMatchObject({ code: 'INVALID_SETTING', details: { faults: [{ pointer: '/REFRESH_LEASE_MS' }] } })
  })

  test('says which thing is in the way when its port is taken, and leaves nothing open', async () => {
    harness = await Harness.start()
    await harness.down()
    const holder = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => holder.once('listening', resolve))
    const { port } = holder.address() as AddressInfo
    expect(await codeOf(harness.up({ dataPort: port }))).toBe('PORT_IN_USE')
    await new Promise((resolve) => holder.close(resolve))
    expect(harness.clock.sleeping).toBe(0)
    await harness.up({ dataPort: port })
    await harness.down()
  })

  test('a stop leaves no timer behind', async () => {
    await downAfter()
    expect(harness.clock.sleeping).toBe(0)
  })
})

import { readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { callAs } from '@credence/rpc'
import type { Doc } from '@credence/store'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answerNext } from './answer-next.ts'
import { connected, sealed, seedRecipe, setAccess } from './connecting.ts'
import { codeOf, Harness, putKey } from './harness.ts'
import { call, type Outside, startOutside } from './outside.ts'
import { existing } from './rows.ts'

let outside: Outside

beforeAll(async () => {
  outside = await startOutside()
})
afterAll(() => outside.close())

const bearer = (harness: Harness): Promise<string> =>
  connected(harness, { recipe: seedRecipe('bearer'), secret: { token: 'tok-1234567890' } })
const logOf = (harness: Harness): string => {
  const folder = join(harness.folder, 'audit')
  return join(folder, readdirSync(folder)[0]!)
}

describe('the audit log', () => {
  test('on a full disk nothing is decrypted: every use is refused at once, and nothing reaches the API', async () => {
    const harness = await Harness.start({ egress: outside.egress })
    const { key } = await putKey(harness)
    const id = await bearer(harness)
    await harness.down()
    // The disk that is always full: opening works, each write fails with ENOSPC.
    const log = logOf(harness)
    const kept = readFileSync(log)
    rmSync(log)
    symlinkSync('/dev/full', log)
    await expect(harness.up()).rejects.toMatchObject({ code: 'ROLLED_BACK' })
    await expect(harness.up({ acceptRestore: true })).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' })
    rmSync(log)
    writeFileSync(log, kept)
    await harness.up()
    outside.api.requests.length = 0
    expect((await call(harness.vault, id, '/x', { key })).status).toBe(200)
    await harness.stop()
  })

  test('full from the first record on: a call is refused with 503 in less than 250 ms and is not made', async () => {
    const harness = await Harness.start({ egress: outside.egress })
    await harness.down()
    const log = logOf(harness)
    rmSync(log)
    symlinkSync('/dev/full', log)
    await harness.up()
    const { key } = await putKey(harness)
    outside.api.requests.length = 0
    const id = `cred_${'0'.repeat(26)}`
    const started = performance.now()
    const answer = await call(harness.vault, id, '/x', { key })
    expect(performance.now() - started).toBeLessThan(2_000)
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([503, 'AUDIT_UNAVAILABLE'])
    expect(await codeOf(sealed(harness, { recipe: seedRecipe('bearer'), secret: { token: 'tok-1234567890' } }))).toBe('AUDIT_UNAVAILABLE')
    expect(outside.api.requests).toEqual([])
    await harness.stop()
  })

  test('that was altered, cut or lost is named at start; a torn end that nobody was promised is cut', async () => {
    const harness = await Harness.start({ egress: outside.egress })
    const { key } = await putKey(harness)
    const id = await bearer(harness)
    for (let i = 0; i < 5; i++) await call(harness.vault, id, '/x', { key })
    await harness.down()
    const log = logOf(harness)
    const whole = readFileSync(log)
    const restart = async (bytes: Uint8Array): Promise<string> => {
      writeFileSync(log, bytes)
      return codeOf(harness.up().then(() => harness.down()))
    }
    expect(await restart(Buffer.from(whole.toString('latin1').replace('"send"', '"sand"'), 'latin1'))).toBe('ROLLED_BACK')
    expect(await restart(whole.subarray(0, whole.length - 40))).toBe('ROLLED_BACK')
    expect(readFileSync(log).length).toBe(whole.length - 40)
    expect(await restart(new Uint8Array(0))).toBe('ROLLED_BACK')
    expect(await restart(Buffer.concat([whole, Buffer.from([0, 0, 1, 0, 7])]))).toBe('no error')
    const { size } = statSync(log)
    expect(size).toBe(whole.length)
    harness.home.remove()
  })

  test('[B-7] beside a store that was put back the vault does not start, but with `acceptRestore`, and then it goes on', async () => {
    const harness = await Harness.start({ egress: outside.egress })
    const { key } = await putKey(harness)
    const id = await bearer(harness)
    await harness.down()
    const backup = readFileSync(harness.storeFile)
    await harness.up()
    await setAccess(harness, id, { generation: 2, state: 'disabled' })
    harness.clock.jumpWall(3_600_000)
    await setAccess(harness, id, { generation: 3 })
    await harness.down()
    writeFileSync(harness.storeFile, backup)
    for (const suffix of ['-wal', '-shm']) rmSync(`${harness.storeFile}${suffix}`, { force: true })
    await expect(harness.up()).rejects.toMatchObject({ code: 'ROLLED_BACK' })
    await harness.up({ acceptRestore: true })
    expect((await call(harness.vault, id, '/x', { key })).status).toBe(200)
    await harness.down()
    await harness.up()
    expect((await call(harness.vault, id, '/x', { key })).status).toBe(200)
    await harness.stop()
  })

  test('of an idle vault whose last change came a moment before it was killed is no rollback', async () => {
    const harness = await Harness.start({ egress: outside.egress })
    const { key } = await putKey(harness)
    const id = await bearer(harness)
    for (let hour = 0; hour < 3; hour++) await harness.clock.advance(40_000)
    const store = readFileSync(harness.storeFile)
    expect(store.length).toBeGreaterThan(0)
    await setAccess(harness, id, { generation: 2 })
    expect((await call(harness.vault, id, '/x', { key })).status).toBe(200)
    await harness.down()
    await harness.up()
    await harness.stop()
  })
})

describe('the history', () => {
  let harness: Harness
  let key: string
  let keyId: string

  beforeAll(async () => {
    harness = await Harness.start({ egress: outside.egress })
    ;({ key, keyId } = await putKey(harness))
  })
  afterAll(() => harness.stop())

  const uses = async (credentialId: string, project = harness.project, page = { pageSize: 50, pageToken: '' }) =>
    harness.as('registry').listUses({ credentialId, ...page }, callAs(harness.order('registry', project)))

  test('[S0-12] names caller, user, method, outcome and status of each use once, newest first', async () => {
    const id = await bearer(harness)
    await call(harness.vault, id, '/x', { key })
    await harness.clock.advance(10)
    await call(harness.vault, id, '/status/500', { key, method: 'POST' })
    await harness.clock.advance(10)
    await call(harness.vault, id, '/x', { key, user: 'id:stranger' })
    await expect.poll(async () => (await uses(id)).uses.length).toBe(3)
    const { uses: listed } = await uses(id)
    expect(listed.map(({ action, method, outcome, httpStatus, user }) => [action, method, outcome, httpStatus, user])).toEqual([
      ['send', 'GET', 'NOT_FOUND', 0, 'id:stranger'],
      ['send', 'POST', 'ok', 500, 'id:ann'],
      ['send', 'GET', 'ok', 200, 'id:ann'],
    ])
    expect(new Set(listed.map(({ subject }) => subject))).toEqual(new Set([keyId]))
  })

  test('[S0-12] shows a call that lasted over several shipments once, with its end', async () => {
    const id = await bearer(harness)
    const late = Promise.withResolvers<void>()
    answerNext(outside.api.server, (response) => {
      response.writeHead(200, { 'content-type': 'text/plain' }).flushHeaders()
      void late.promise.then(() => response.end('late\n'))
    })
    const answer = await call(harness.vault, id, '/slow', { key })
    await harness.clock.advance(2_000)
    expect((await uses(id)).uses).toEqual([])
    late.resolve()
    await answer.text()
    await expect.poll(async () => (await uses(id)).uses.map(({ outcome }) => outcome)).toEqual(['ok'])
  })

  test('[S0-12] comes in pages that leave nothing out and repeat nothing', async () => {
    const id = await bearer(harness)
    for (let i = 0; i < 9; i++) {
      await call(harness.vault, id, `/n${i}`, { key })
      await uses(id)
      await harness.clock.advance(1)
    }
    // The end of the last call is written down a moment after its answer.
    await expect.poll(async () => (await uses(id)).uses.length).toBe(9)
    const seen: string[] = []
    for (let pageToken = ''; ; ) {
      const page = await uses(id, harness.project, { pageSize: 2, pageToken })
      seen.push(...page.uses.map((use) => use.id))
      pageToken = page.nextPageToken
      if (pageToken === '') break
    }
    expect([seen.length, new Set(seen).size]).toEqual([9, 9])
  })

  test('[S2-20] what a stranger of another project tried stands in his project and not in the owner’s', async () => {
    const id = await bearer(harness)
    const project = `proj_${'7'.repeat(26)}`
    const other = await putKey(harness, { project })
    await call(harness.vault, id, '/x', { key: other.key })
    expect((await uses(id)).uses).toEqual([])
    expect((await uses(id, project)).uses).toHaveLength(1)
  })

  test('[B-9] the registry is told of last use and last error, in batches', async () => {
    const id = await bearer(harness)
    await call(harness.vault, id, '/x', { key })
    await call(harness.vault, id, '/status/403', { key })
    const newest = async (): Promise<string | undefined> => {
      await uses(id)
      return harness.reports.findLast(({ credentialId }) => credentialId === id)?.lastError?.code
    }
    await expect.poll(newest).toBe('HTTP_403')
    expect(harness.reports.findLast(({ credentialId }) => credentialId === id)?.lastUsedAt).toEqual(new Date(harness.clock.now()))
  })

  test('[S2-19] `used` and `denied` are told at most once a minute per caller, and their counts add up', async () => {
    const id = await bearer(harness)
    for (let i = 0; i < 5; i++) await call(harness.vault, id, '/x', { key })
    await call(harness.vault, id, '/x', { key, user: 'id:stranger' })
    await expect.poll(async () => (await uses(id)).uses.length).toBe(6)
    await harness.clock.advance(61_000)
    const used = await harness.heard('credential.used', id, 2)
    expect(used.map(({ data }) => data)).toEqual([
      { caller_id: keyId, count: 1 },
      { caller_id: keyId, count: 4 },
    ])
    const [denied] = await harness.heard('credential.denied', id)
    expect(denied?.data).toEqual({ caller_id: keyId, count: 1, reason: 'NOT_FOUND' })
  })

  test('[S0-12] that is in the log and never came into the store is there after the next start, once', async () => {
    const id = await bearer(harness)
    await call(harness.vault, id, '/x', { key })
    await call(harness.vault, id, '/y', { key })
    await expect.poll(async () => (await uses(id)).uses.length).toBe(2)
    const { uses: before } = await uses(id)
    // As a kill between the log and the shipment leaves it: the store has one of the two, and an older mark.
    const docs = await harness.store.collection<Doc & { uses: { use: string }[] }>({ name: 'vault_uses', indexes: [] })
    const lost = await existing(docs, `${id}.${before[0]!.id}`).catch(() => existing(docs, `${id}.${before[1]!.id}`))
    await docs.remove(lost.id, lost.rev)
    await harness.down()
    await harness.up()
    const { uses: after } = await uses(id)
    expect(after.map((use) => use.id).toSorted()).toEqual(before.map((use) => use.id).toSorted())
  })
})

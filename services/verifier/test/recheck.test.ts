import { createLogger } from '@credence/service'
import { openSqliteStore } from '@credence/store'
import { seededRandom, TestClock, tempHome } from '@credence/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openVerifications, type Verifications } from '../src/credential/record.ts'
import type { Verification } from '../src/credential/verify.ts'
import { startRechecks } from '../src/recheck.ts'

const home = tempHome()
const clock = new TestClock()
const order = (credentialId: string) => ({ credentialId, candidateId: '', providerId: '', providerVersion: 0, pattern: 0 })
const result = (verdict: Verification['verdict'], cause = ''): Verification => ({
  verdict,
  cause,
  sentence: '',
  httpStatus: 0,
  version: 1,
  project: 'proj_x',
})
let verifications: Verifications
let close: () => Promise<void>

beforeAll(async () => {
  const store = await openSqliteStore({ file: `${home.path}/x.db`, random: seededRandom(1) })
  close = () => store.close()
  verifications = await openVerifications({ store, clock, random: seededRandom(2) })
})
afterAll(async () => {
  await close()
  home.remove()
})

const id = (letter: string): string => `cred_${letter.repeat(26)}`
const dueIds = async (): Promise<string[]> => (await verifications.due()).map((doc) => doc.id)

test('[S2-15] what could not be verified is due again after a minute, then ever later, until the provider speaks', async () => {
  await verifications.record(order(id('a')), result('undecided', 'provider_down'))
  await clock.advance(59_000)
  expect(await dueIds()).toEqual([])
  await clock.advance(2_000)
  expect(await dueIds()).toEqual([id('a')])
  await verifications.record(order(id('a')), result('undecided', 'throttled'))
  await clock.advance(61_000)
  expect(await dueIds()).toEqual([])
  await clock.advance(60_000)
  expect(await dueIds()).toEqual([id('a')])
  await verifications.record(order(id('a')), result('ok'))
  await clock.advance(10_000_000)
  expect(await dueIds()).toEqual([])
})

test('[S2-15] each that is due is asked once, and one that is gone is not asked again', async () => {
  await verifications.record(order(id('b')), result('undecided', 'provider_down'))
  await verifications.record(order(id('c')), result('undecided', 'provider_down'))
  await clock.advance(61_000)
  const asked: string[] = []
  const confirm = async (_principal: unknown, credentialId: string): Promise<void> => {
    asked.push(credentialId)
    if (credentialId === id('b')) await verifications.record(order(credentialId), result('ok'))
  }
  const rechecks = startRechecks({
    verifications,
    confirm,
    clock,
    log: createLogger({ service: 'test', write: () => undefined }),
    everyMs: 1_000,
  })
  await clock.advance(1_000)
  await expect.poll(() => [...asked].sort()).toEqual([id('b'), id('c')])
  await expect.poll(dueIds).toEqual([])
  await clock.advance(600_000)
  expect(asked).toHaveLength(2)
  await rechecks.stop()
})

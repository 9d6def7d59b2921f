import { parseEgressSettings } from '@credence/egress'
import { callAs } from '@credence/rpc'
import { type SessionApi, startSessionApi, startStandIns, startUpstream, type Upstream } from '@credence/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { connected, recipeWith, sealed, setAccess } from './connecting.ts'
import { codeOf, Harness, putKey } from './harness.ts'
import { call } from './outside.ts'

const STEPS = {
  type: 'CUSTOM',
  fields: [{ field_name: 'username' }, { field_name: 'password' }],
  steps: [
    {
      name: 'sign_in',
      request: { url: 'https://login.example.com/session', json: { user: '{{username}}', password: '{{password}}' } },
      on: { 401: { fail: 'Wrong.' } },
      extract: { ticket: '/ticket', csrf: 'header:x-csrf' },
    },
    {
      name: 'token',
      request: { url: 'https://login.example.com/accounts/7/token', headers: { 'X-CSRF': '{{csrf}}' }, form: { ticket: '{{ticket}}' } },
      extract: { access_token: '/data/token' },
      expires_in: '/data/expires_in',
    },
  ],
}
const SECRET = { username: 'ann', password: 'p-91' }

class Crash extends Error {}

let login: SessionApi
let api: Upstream
let standIns: Awaited<ReturnType<typeof startStandIns>>
let harness: Harness
let key: string
let crashAt: string | undefined

beforeAll(async () => {
  login = await startSessionApi({ username: 'ann', password: SECRET.password })
  api = await startUpstream({ accept: ({ token }) => token !== undefined && login.knows(token) })
  standIns = await startStandIns([
    { host: 'login.example.com', target: login.server },
    { host: 'api.example.com', target: api.server },
  ])
})
afterAll(async () => {
  await standIns.close()
  await Promise.all([login.close(), api.close()])
})
beforeEach(async () => {
  crashAt = undefined
  const failpoint = (name: string): void => {
    if (name === crashAt) throw new Crash()
  }
  const { egressAllow: allow, egressResolve: resolve, caFile } = standIns
  harness = await Harness.start({ failpoint, egress: parseEgressSettings({ allow, resolve, caFile }) })
  ;({ key } = await putKey(harness))
})
afterEach(() => harness.stop())

const recipe = recipeWith(STEPS)
const connect = (): Promise<string> => connected(harness, { recipe, secret: SECRET })
const refresh = (credentialId: string) =>
  harness.as('token-refresher').refresh({ credentialId, expectedVersion: 0, cause: 'schedule' }, callAs(harness.order('token-refresher')))
const statusOf = async (id: string): Promise<number> => (await call(harness.vault, id, '/x', { key })).status
const calls = (): number => login.calls.length

test('[S0-10] is renewed under a new version, with the fields beside it as they were', async () => {
  const id = await connect()
  const first = await refresh(id)
  expect([first.outcome, first.version, first.refreshClass]).toEqual(['refreshed', 2, 'static'])
  expect((await refresh(id)).version).toBe(3)
  expect(await statusOf(id)).toBe(200)
})

test('[S0-10] a crash with an open intent is no doubt: whoever comes after the lease does it again', async () => {
  const id = await connect()
  crashAt = 'FP2'
  await expect(refresh(id)).rejects.toThrow()
  crashAt = undefined
  expect((await refresh(id)).outcome).toBe('waiting')
  await harness.clock.advance(61_000)
  expect((await refresh(id)).outcome).toBe('refreshed')
  expect(await statusOf(id)).toBe(200)
})

test('[S0-10] an outage of the sign-in leaves nothing open, and the old token in force', async () => {
  const id = await connect()
  login.answer(500)
  const failed = await refresh(id)
  expect([failed.outcome, failed.answerKind, failed.httpStatus, failed.openIntent]).toEqual(['failed', 'error', 500, false])
  login.answer(undefined)
  expect(await statusOf(id)).toBe(200)
})

test('[S0-10] a refusal says that it speaks of the credential, or that its author called it final', async () => {
  const id = await connect()
  login.answer(401)
  expect(await refresh(id)).toMatchObject({ errorCode: 'step_refused', descriptor: 'sign_in 401' })
  login.answer(418)
  expect(await refresh(id)).toMatchObject({ errorCode: 'unexpected_status', descriptor: '', ofGrant: false })
  login.answer(undefined)
})

test('[S0-10] [S2-9] disabling stops it before the next call, and enabling starts it', async () => {
  const id = await connect()
  await setAccess(harness, id, { generation: 2, state: 'disabled' })
  const before = calls()
  expect((await refresh(id)).outcome).toBe('disabled')
  expect(calls()).toBe(before)
  await setAccess(harness, id, { generation: 3 })
  expect((await refresh(id)).outcome).toBe('refreshed')
})

test('[S0-10] values that obtain nothing are not stored, and a repeated request asks again', async () => {
  expect(await codeOf(sealed(harness, { recipe, secret: { ...SECRET, password: 'wrong' } }))).toBe('EXCHANGE_REFUSED')
  expect(login.calls.at(-1)).toMatchObject({ call: 'session', status: 401 })
  await expect(sealed(harness, { recipe, secret: SECRET })).resolves.toBeDefined()
})

test('[S0-10] [B-4] its own addresses cannot be called through the proxy, where an agent would get a fresh token', async () => {
  const own = recipeWith(STEPS, { proxy_url: 'https://login.example.com' })
  const id = await connected(harness, { recipe: own, secret: SECRET })
  const before = calls()
  expect((await call(harness.vault, id, '/session', { key, method: 'POST' })).status).toBe(403)
  expect(calls()).toBe(before)
})

import { callAs } from '@credence/rpc'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { connected, fence, newCredential, promoted, putRecipe, recipeWith, sealed, seedRecipe } from './connecting.ts'
import { codeOf, Harness, putKey } from './harness.ts'
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
beforeEach(() => {
  outside.api.requests.length = 0
})

const probeCall = { method: 'GET', url: '/me', expect: [200], accountIdPointers: ['/id'], accountNamePointers: ['/name'] }
const probed = recipeWith(
  { type: 'BEARER', fields: [{ field_name: 'token', required: true }] },
  { verify: { method: 'GET', path: '/me', account_id: '/headers/host' } },
)
const bearerSent = (): string | undefined => outside.api.requests.at(-1)?.headers.authorization

describe('Seal', () => {
  async function seal(members: {
    requestId?: string
    secret?: Record<string, string>
    credentialId?: string
    plain?: Record<string, string>
  }) {
    const recipeId = await putRecipe(harness, probed)
    const { requestId = '', secret = { token: 'tok-1234567890' }, credentialId = newCredential(), plain = {} } = members
    const secretFields = Object.fromEntries(Object.entries(secret).map(([name, value]) => [name, Buffer.from(value)]))
    return harness
      .as('gateway')
      .seal({ credentialId, recipeId, requestId, plainFields: plain, secretFields }, callAs(harness.person()))
      .then(({ candidateId }) => candidateId)
  }

  test('a repeated request id gives the same candidate, another body under it is a conflict', async () => {
    const credentialId = newCredential()
    const first = await seal({ requestId: 'req-1', credentialId })
    expect(await seal({ requestId: 'req-1', credentialId })).toBe(first)
    expect(await codeOf(seal({ requestId: 'req-1', credentialId, secret: { token: 'another-one' } }))).toBe('IDEMPOTENCY_CONFLICT')
    expect(await codeOf(seal({ requestId: 'req-1' }))).toBe('IDEMPOTENCY_CONFLICT')
    expect(await seal({ credentialId })).not.toBe(first)
  })

  test('a request that is repeated late does not put its candidate back over a newer one', async () => {
    const credentialId = newCredential()
    await seal({ requestId: 'req-2', credentialId, secret: { token: 'tok-old-12345' } })
    const newer = await seal({ requestId: 'req-3', credentialId, secret: { token: 'tok-new-12345' } })
    await seal({ requestId: 'req-2', credentialId, secret: { token: 'tok-old-12345' } })
    expect(await promoted(harness, { credentialId, candidateId: newer })).toBe(1)
  })

  test('a request id is free again after a day', async () => {
    await seal({ requestId: 'req-4', credentialId: newCredential() })
    harness.clock.jumpWall(25 * 3_600_000)
    const again = (): Promise<string> => codeOf(seal({ requestId: 'req-4', credentialId: newCredential() }))
    // A sweep that is under way sleeps only afterwards.
    await expect.poll(() => harness.clock.advance(31_000).then(again)).toBe('no error')
  })

  test('[S1-4] missing, empty, unknown and misplaced fields are refused together, by name and never by value', async () => {
    const refused = (members: Parameters<typeof seal>[0]): Promise<string[]> =>
      seal(members).then(
        () => [],
        (error: { message: string; details: { faults?: { pointer: string; code: string }[] } }) => {
          expect(JSON.stringify(error)).not.toContain('hunter2-value')
          return (error.details.faults ?? []).map(({ pointer, code }) => `${pointer} ${code}`)
        },
      )
    expect(await refused({ secret: {} })).toEqual(['/fields/token MISSING'])
    expect(await refused({ secret: { token: '' } })).toEqual(['/fields/token MISSING'])
    expect(await refused({ secret: {}, plain: { token: 'hunter2-value' } })).toEqual(['/fields/token is_secret'])
    expect((await refused({ secret: { token: 'a\r\nX: hunter2-value', tokn: '' } })).sort()).toEqual([
      '/fields/token control_character',
      '/fields/tokn UNKNOWN_MEMBER',
    ])
    expect(await refused({ secret: { token: 'x'.repeat(20_000) } })).toEqual(['/fields/token too_long'])
  })

  test('an OAuth pattern takes no secret from a form', async () => {
    const candidate = sealed(harness, { recipe: seedRecipe('asana', `ocl_${'0'.repeat(26)}`), secret: {} })
    expect(await codeOf(candidate)).toBe('INVALID_REQUEST')
  })

  test('bytes that are not the recipe of their id are refused', async () => {
    const order = { recipeId: `rcp_${'0'.repeat(64)}`, recipe: Buffer.from('{}') }
    expect(await codeOf(harness.as('registry').putRecipe(order, callAs(harness.order())))).toBe('INVALID_REQUEST')
  })
})

describe('a candidate', () => {
  test('[S2-15] is used by nobody but its probe, and a failed one never touches the secret in force', async () => {
    const id = await connected(harness, { recipe: probed, secret: { token: 'tok-in-force' } })
    const wrong = await sealed(harness, { recipe: probed, secret: { token: 'tok-wrong-one' }, credentialId: id })
    const verifier = harness.as('verifier')
    outside.api.accept(({ token }) => token !== 'tok-wrong-one')
    const order = { credentialId: id, candidateId: wrong.candidateId, call: probeCall }
    const failed = await verifier.probe(order, callAs(harness.order('verifier')))
    expect([failed.httpStatus, failed.expected]).toEqual([401, false])
    await call(harness.vault, id, '/x', { key })
    expect(bearerSent()).toBe('Bearer tok-in-force')
    const drop = { credentialId: id, candidateId: wrong.candidateId }
    await harness.as('gateway').destroy(drop, callAs(harness.person()))
    await harness.as('gateway').destroy(drop, callAs(harness.person()))
    expect(await codeOf(promoted(harness, wrong, { generation: 2 }))).toBe('NOT_FOUND')
    await call(harness.vault, id, '/x', { key })
    expect(bearerSent()).toBe('Bearer tok-in-force')
    outside.api.accept(() => true)
  })

  test('[B-2] a probe answers status and account, and what it saw of the secret is masked', async () => {
    const recipe = recipeWith(
      { type: 'BEARER', fields: [{ field_name: 'token', required: true }] },
      { verify: { method: 'GET', path: '/echo', account_id: '/headers/host', account_name: '/headers/authorization' } },
    )
    const candidate = await sealed(harness, { recipe, secret: { token: 'tok-probe-secret' } })
    const order = {
      ...candidate,
      call: { ...probeCall, url: '/echo', accountIdPointers: ['/headers/host'], accountNamePointers: ['/headers/authorization'] },
    }
    const { account, expected, httpStatus } = await harness.as('verifier').probe(order, callAs(harness.order('verifier')))
    expect([httpStatus, expected, account?.id]).toEqual([200, true, 'api.example.com'])
    expect(account?.name).not.toContain('tok-probe-secret')
    expect(account?.name).toContain('*')
  })

  test('[B-3] a probe goes nowhere but where its provider’s `verify` points', async () => {
    const candidate = await sealed(harness, { recipe: probed, secret: { token: 'tok-1234567890' } })
    const order = { ...candidate, call: { ...probeCall, url: 'https://acme.freshdesk.com/me' } }
    const { httpStatus, failure } = await harness.as('verifier').probe(order, callAs(harness.order('verifier')))
    expect([httpStatus, failure]).toEqual([0, 'HOST_REFUSED'])
    expect(outside.api.requests).toEqual([])
  })

  test('promoted twice is promoted once, and told once', async () => {
    const id = await connected(harness, { recipe: probed, secret: { token: 'tok-one-12345' } })
    const next = await sealed(harness, { recipe: probed, secret: { token: 'tok-two-12345' }, credentialId: id })
    expect(await promoted(harness, next, { generation: 2 })).toBe(2)
    expect(await promoted(harness, next, { generation: 2 })).toBe(2)
    await call(harness.vault, id, '/x', { key })
    expect(bearerSent()).toBe('Bearer tok-two-12345')
    const [fact] = await harness.heard('credential.secret_replaced', id)
    expect(fact?.data).toMatchObject({ version: 2, previous_version: 1, candidate_id: next.candidateId })
    expect(harness.facts.filter(({ type, subject }) => type === 'credential.secret_replaced' && subject === id)).toHaveLength(1)
  })

  test('is gone when its time is over, and a child that has nothing else with it', async () => {
    const candidate = await sealed(harness, { recipe: probed, secret: { token: 'tok-1234567890' } })
    harness.clock.jumpWall(31 * 60_000)
    await harness.clock.advance(31_000)
    expect(await codeOf(promoted(harness, candidate))).toMatch(/NOT_FOUND|SESSION_EXPIRED/)
    await expect.poll(() => harness.clock.advance(31_000).then(() => codeOf(promoted(harness, candidate)))).toBe('NOT_FOUND')
    const again = await sealed(harness, { recipe: probed, secret: { token: 'tok-1234567890' }, credentialId: candidate.credentialId })
    expect(await promoted(harness, again)).toBe(1)
  })

  test('cannot be put on a disabled credential or on one of another project', async () => {
    const disabled = await connected(harness, { recipe: probed, secret: { token: 'tok-1234567890' }, access: { state: 'disabled' } })
    const seal = (credentialId: string, project?: string): Promise<unknown> =>
      sealed(harness, { recipe: probed, secret: { token: 'x-1234567890' }, credentialId, ...(project === undefined ? {} : { project }) })
    expect(await codeOf(seal(disabled))).toBe('CREDENTIAL_DISABLED')
    const mine = await connected(harness, { recipe: probed, secret: { token: 'tok-1234567890' } })
    expect(await codeOf(seal(mine, `proj_${'2'.repeat(26)}`))).toBe('NOT_FOUND')
  })
})

describe('Destroy', () => {
  const destroy = (credentialId: string, consumers: string[] = []): Promise<unknown> =>
    harness.as('registry').destroy({ credentialId, consumers }, callAs(harness.order()))

  test('[S2-5] those who could use it and its consumers learn that it is gone, strangers that it never was', async () => {
    const id = await connected(harness, { recipe: probed, secret: { token: 'tok-1234567890' } })
    const consumer = `csmr_${'0'.repeat(26)}`
    await destroy(id, [consumer])
    await destroy(id)
    const told = async (user: string, headers: Record<string, string> = {}): Promise<unknown> =>
      ((await (await call(harness.vault, id, '/x', { key, user, headers })).json()) as { code: string }).code
    expect(await told('id:ann')).toBe('CREDENTIAL_DELETED')
    expect(await told('id:bob')).toBe('NOT_FOUND')
    expect(await told('id:bob', { 'credence-consumer': consumer })).toBe('CREDENTIAL_DELETED')
    expect(await told('id:bob', { 'credence-consumer': `csmr_${'1'.repeat(26)}` })).toBe('NOT_FOUND')
  })

  test('nothing brings it back: no seal, no promote, no fence', async () => {
    const id = await connected(harness, { recipe: probed, secret: { token: 'tok-1234567890' } })
    const candidate = await sealed(harness, { recipe: probed, secret: { token: 'tok-1234567890' }, credentialId: id })
    await destroy(id)
    expect(await codeOf(promoted(harness, candidate, { generation: 2 }))).toBe('NOT_FOUND')
    const seal = sealed(harness, { recipe: probed, secret: { token: 'tok-1234567890' }, credentialId: id })
    expect(await codeOf(seal)).toBe('NOT_FOUND')
    const access = { credentialId: id, access: fence({ generation: 9 }) }
    expect(await codeOf(harness.as('registry').setAccess(access, callAs(harness.order())))).toBe('NOT_FOUND')
  })

  test('in parallel with itself and with calls ends in one tombstone and no use after it', async () => {
    const id = await connected(harness, { recipe: probed, secret: { token: 'tok-1234567890' } })
    const calls = Array.from({ length: 20 }, () => call(harness.vault, id, '/gone', { key }))
    await Promise.all([destroy(id), destroy(id), destroy(id)])
    const written = outside.api.requests.length
    const statuses = (await Promise.all(calls)).map(({ status }) => status)
    expect(new Set(statuses)).toEqual(new Set(statuses.filter((status) => status === 200 || status === 410)))
    expect(outside.api.requests.length).toBeLessThanOrEqual(Math.max(written, statuses.filter((status) => status === 200).length))
    expect((await call(harness.vault, id, '/gone', { key })).status).toBe(410)
  })
})

import { judgeLedger } from '@credence/testkit'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { connected, seedRecipe } from './connecting.ts'
import { type GrantWorld, startGrantWorld } from './grants.ts'
import { type CallOptions, call } from './outside.ts'

let world: GrantWorld

beforeAll(async () => {
  world = await startGrantWorld('strict', { server: { expiresInS: 3600 } })
})
afterAll(() => world.close())
beforeEach(() => {
  world.outside.as.behave({})
  world.outside.api.requests.length = 0
})

const ask = (id: string, path = '/x', options: Partial<CallOptions> = {}): Promise<Response> =>
  call(world.harness.vault, id, path, { key: world.key, ...options })
const expire = (): Promise<void> => world.harness.clock.advance(3_601_000)

describe('an API that answers 401', () => {
  test('[S2-18] [B-1] 50 parallel calls across an expiry share one refresh, and each is replayed once', async () => {
    const id = await world.grant()
    await expire()
    const before = world.posts()
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => ask(id, `/n${i}`)))
    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200))
    expect(world.posts() - before).toBe(1)
    expect(answers.filter(({ headers }) => headers.get('credence-replayed') === 'true').length).toBeGreaterThan(0)
    const verdict = judgeLedger(world.outside.as.ledger())
    expect([verdict.spentReplays, verdict.familiesRevokedByReuse]).toEqual([0, 0])
  })

  test('[S2-18] a small POST body is replayed byte for byte', async () => {
    const id = await world.grant()
    await expire()
    const answer = await ask(id, '/post', { method: 'POST', body: '{"a":1}', headers: { 'content-type': 'application/json' } })
    expect([answer.status, answer.headers.get('credence-replayed')]).toEqual([200, 'true'])
    expect(world.outside.api.requests.map(({ body }) => body.toString())).toEqual(['{"a":1}', '{"a":1}'])
  })

  test('[S2-18] a streamed body is not repeated: the caller gets the 401, and the next call has a fresh token', async () => {
    const id = await world.grant()
    await expire()
    const body = new Blob([Buffer.alloc(100_000)]).stream()
    const answer = await ask(id, '/stream', { method: 'POST', body })
    expect([answer.status, answer.headers.get('credence-replayed'), answer.headers.get('credence-origin')]).toEqual([401, null, 'upstream'])
    expect(world.outside.api.requests).toHaveLength(1)
    expect((await ask(id)).status).toBe(200)
  })

  test('[S2-18] `Credence-No-Replay` leaves the repeat to the caller', async () => {
    const id = await world.grant()
    await expire()
    const answer = await ask(id, '/once', { headers: { 'credence-no-replay': '1' } })
    expect([answer.status, answer.headers.get('credence-replayed')]).toEqual([401, null])
    expect(world.outside.api.requests).toHaveLength(1)
  })

  test('[S2-18] a refresh that fails leaves the caller the API’s own 401', async () => {
    const id = await world.grant()
    await expire()
    world.outside.as.behave({ answer: 'server_error', status: 500 })
    const answer = await ask(id)
    expect([answer.status, answer.headers.get('credence-origin')]).toEqual([401, 'upstream'])
    expect(world.outside.api.requests).toHaveLength(1)
  })

  test('[S2-21] a refusal that a new token does not change is told once per version', async () => {
    const id = await world.grant()
    world.outside.api.accept(() => false)
    for (let i = 0; i < 3; i++) expect((await ask(id)).status).toBe(401)
    world.outside.api.accept(({ token }) => token !== undefined && world.outside.as.accountOf(token) !== undefined)
    const facts = await world.harness.heard('credential.refused', id, 3)
    expect(facts.map(({ data }) => data.version)).toEqual([2, 3, 4])
  })

  test('[S2-21] a static secret is not refreshed, its refusal is told once', async () => {
    const id = await connected(world.harness, { recipe: seedRecipe('bearer'), secret: { token: 'tok-1234567890' } })
    const before = world.posts()
    for (let i = 0; i < 3; i++) expect((await ask(id)).status).toBe(401)
    expect(world.posts()).toBe(before)
    await world.harness.heard('credential.refused', id)
    expect(world.harness.facts.filter(({ type, subject }) => type === 'credential.refused' && subject === id)).toHaveLength(1)
  })
})

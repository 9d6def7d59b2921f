import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { BEARER, connected, recipeWith, seedRecipe } from './connecting.ts'
import { Harness, putKey } from './harness.ts'
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

describe('the four payloads', () => {
  test('[S1-1] [S0-3] a bearer credential reaches the API as `Bearer <token>` and nothing else of the caller does', async () => {
    const id = await connected(harness, { recipe: seedRecipe('bearer'), secret: { token: 'tok-1234567890' } })
    const answer = await call(harness.vault, id, '/things?a=1', { key })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('credence-origin')).toBe('upstream')
    expect(outside.api.requests[0]?.headers.authorization).toBe('Bearer tok-1234567890')
    expect(outside.api.requests[0]?.path).toBe('/things?a=1')
    expect(JSON.stringify(outside.api.requests[0]?.rawHeaders)).not.toContain(key)
  })
})
void BEARER
void recipeWith

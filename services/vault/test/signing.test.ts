import { createHmac } from 'node:crypto'
import type { Recipe } from '@credence/provider'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { CLIENT, granted } from './connecting.ts'
import { type GrantWorld, startGrantWorld } from './grants.ts'
import { call } from './outside.ts'

let world: GrantWorld
beforeAll(async () => {
  world = await startGrantWorld('grace')
})
afterAll(() => world.close())
beforeEach(() => {
  world.outside.api.requests.length = 0
})

/** The proof that an API asks for beside the token: its HMAC under the client's secret. */
function withProof(recipe: Recipe): Recipe {
  const proof = { hash: 'sha256', key: [{ field: '@client_secret' }], message: [{ field: 'access_token' }], encoding: 'hex' } as const
  return { ...recipe, placements: [...recipe.placements, { in: 'query', name: 'appsecret_proof', value: [{ hmac: proof }] }] }
}

const proofOf = (token: string): string => createHmac('sha256', CLIENT.secret).update(token).digest('hex')

describe('a value that is derived when the request leaves', () => {
  test('[S0-10] is made under the OAuth client’s secret, which itself goes nowhere', async () => {
    const id = await granted(world.harness, world.outside.as, { recipe: withProof(world.recipe()) })
    const answer = await call(world.harness.vault, id, '/me?appsecret_proof=mine&a=1', { key: world.key })
    expect(answer.status).toBe(200)
    const received = world.outside.api.requests.at(-1)
    const token = received?.headers.authorization?.replace('Bearer ', '') ?? ''
    expect(world.outside.as.accountOf(token)).toBeDefined()
    expect(received?.path).toBe(`/me?a=1&appsecret_proof=${proofOf(token)}`)
    expect(JSON.stringify(received)).not.toContain(CLIENT.secret)
    expect(await answer.text()).not.toContain(proofOf(token))
  })

  test('[S0-10] is made anew of the new token when a call is repeated after a refresh', async () => {
    const id = await granted(world.harness, world.outside.as, { recipe: withProof(world.recipe()) })
    await call(world.harness.vault, id, '/me', { key: world.key })
    const before = world.outside.api.requests.at(-1)?.headers.authorization?.replace('Bearer ', '') ?? ''
    world.outside.api.accept(({ token }) => token !== before && token !== undefined && world.outside.as.accountOf(token) !== undefined)
    const answer = await call(world.harness.vault, id, '/me', { key: world.key })
    expect([answer.status, answer.headers.get('credence-replayed')]).toEqual([200, 'true'])
    const received = world.outside.api.requests.at(-1)
    const token = received?.headers.authorization?.replace('Bearer ', '') ?? ''
    expect(token).not.toBe(before)
    expect(received?.path).toBe(`/me?appsecret_proof=${proofOf(token)}`)
  })
})

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openSecret } from '../src/credential/open.ts'
import { type InForce, type SealNowOrder, sealNow } from '../src/credential/seal-in-force.ts'
import { setAccess } from '../src/credential/set-access.ts'
import { BEARER, newCredential, recipeWith } from './connecting.ts'
import { codeOf } from './harness.ts'
import { type Outside, startOutside } from './outside.ts'
import { inForce, openParts, order, type Parts } from './parts.ts'

const FENCE_MAX_AGE_MS = 250
const active = { generation: 1, state: 'active', reason: '', owner: ['id:ann'], shares: [] } as const

let outside: Outside
let here: Parts
let recipeId: string

beforeAll(async () => {
  outside = await startOutside()
  here = await openParts({ egress: outside.egress })
  recipeId = (await inForce(here, recipeWith(BEARER), { token: 'tok-of-somebody' })).recipe
})
afterAll(async () => {
  await here.close()
  await outside.close()
})

function put(vault: Parts, credentialId: string, token: string, members: Partial<SealNowOrder> = {}): Promise<InForce> {
  const secret = new Map([['token', Buffer.from(token)]])
  return sealNow(vault, order, { credentialId, recipeId, plain: {}, secret, fence: active, ...members })
}

async function tokenOf(vault: Parts, credentialId: string): Promise<string | undefined> {
  const child = await vault.children.need(credentialId)
  using secret = await openSecret(vault, child)
  return secret.fields.get('token')?.toString()
}

describe('a secret that is put in force at once', () => {
  test('[S3-8] of fifty at once exactly one is the first, and the others are told which', async () => {
    const id = newCredential()
    const tokens = Array.from({ length: 50 }, (_, i) => `tok-parallel-${i}`)
    const answers = await Promise.all(tokens.map((token) => put(here, id, token, { expectedVersion: 0 })))
    expect(answers.filter(({ stored }) => stored)).toHaveLength(1)
    expect(new Set(answers.map(({ candidateId, version, generation }) => `${candidateId} ${version} ${generation}`)).size).toBe(1)
    expect(await tokenOf(here, id)).toBe(tokens[answers.findIndex(({ stored }) => stored)])
  })

  test('[S3-8] replacements at once are all taken, one after the other, and tell of themselves', async () => {
    const id = newCredential()
    await put(here, id, 'tok-first-1', { expectedVersion: 0 })
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => put(here, id, `tok-next-${i}`, { fence: { ...active, generation: 2 } })),
    )
    expect(answers.map(({ version }) => version).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 2))
    const child = await here.children.need(id)
    expect([child.version, child.access?.generation]).toEqual([21, 21])
    expect(child.outbox.filter(({ type }) => type === 'credential.secret_replaced')).toHaveLength(20)
  })

  test('[S3-3] an older fence does not bring back what was disabled, nor does an expected version that is gone', async () => {
    const id = newCredential()
    await put(here, id, 'tok-first-2')
    await setAccess(here, order, { credentialId: id, fence: { ...active, generation: 2, owner: ['id:bob'] } })
    expect(await codeOf(put(here, id, 'tok-stale'))).toBe('CONFLICT')
    expect(await put(here, id, 'tok-stale', { expectedVersion: 0 })).toMatchObject({ stored: false, version: 1, generation: 2 })
    await setAccess(here, order, { credentialId: id, fence: { ...active, generation: 3, state: 'disabled' } })
    expect(await codeOf(put(here, id, 'tok-stale', { fence: { ...active, generation: 4 } }))).toBe('CREDENTIAL_DISABLED')
    expect(await tokenOf(here, id)).toBe('tok-first-2')
  })

  test('[S3-8] a value that is refused leaves the old one, and is named by its field', async () => {
    const id = newCredential()
    await put(here, id, 'tok-first-3')
    expect(await codeOf(put(here, id, 'tok-with\nbreak'))).toBe('FIELD_REFUSED')
    expect(await tokenOf(here, id)).toBe('tok-first-3')
  })

  test('[S3-8] a replacement answers only when every replica reads it', async () => {
    const there = await openParts({ egress: outside.egress, fenceMaxAgeMs: FENCE_MAX_AGE_MS, beside: here })
    const id = newCredential()
    await put(there, id, 'tok-first-4')
    let answered = false
    const replacing = put(there, id, 'tok-second-4', { fence: { ...active, generation: 2 } }).finally(() => {
      answered = true
    })
    // The row is written before the wait for the other replicas begins.
    await expect.poll(() => there.clock.sleepingFor(FENCE_MAX_AGE_MS * 1.2)).toBe(1)
    expect([await tokenOf(here, id), answered]).toEqual(['tok-second-4', false])
    await there.clock.advance(FENCE_MAX_AGE_MS * 1.2)
    expect(await replacing).toMatchObject({ stored: true, version: 2 })
    await there.close()
  })
})

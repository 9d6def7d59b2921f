import { createHash } from 'node:crypto'
import { ROLE_SCOPES, SCOPES } from '@credence/credential'
import { callAs, servicePrincipal } from '@credence/rpc'
import { searchForCanaries } from '@credence/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeOf, Platform } from './platform.ts'

let platform: Platform

beforeAll(async () => {
  platform = await Platform.start()
})
afterAll(() => platform.stop())

const owner = () => platform.caller(platform.firstKey)
const sha256 = (text: string) => createHash('sha256').update(text).digest()
const authenticate = (key: string, user = '') =>
  platform.as('gateway').authenticate({ keySha256: sha256(key), user, via: 'http' }, callAs(servicePrincipal('gateway')))

describe('the first start', () => {
  test('makes one key with every scope, and a second start makes none', async () => {
    expect(platform.firstKey).toMatch(/^crd_[A-Za-z0-9_-]{43}$/)
    const { keys } = await owner().listKeys({})
    expect(keys).toMatchObject([{ role: 'owner', state: 'active', scopes: [...SCOPES] }])
    const { project } = await owner().getProject({})
    expect(project).toMatchObject({ name: 'default', confirm: 'host' })
    await platform.stopRegistry()
    await platform.startRegistry()
    expect(platform.registry.firstKey).toBeUndefined()
    expect((await owner().listKeys({})).keys).toHaveLength(1)
    expect((await owner().getProject({})).project?.id).toBe(project?.id)
  })

  test('tells every key again to a vault that was set up anew', async () => {
    platform.vault.callers.clear()
    await platform.stopRegistry()
    await platform.startRegistry()
    expect(await codeOf(owner().getProject({}))).toBe('no error')
  })
})

describe('a key', () => {
  test('is known to the vault before its secret is handed out', async () => {
    const release = platform.vault.hold('setCaller')
    const order: string[] = []
    const creating = owner()
      .createKey({ label: 'ci', role: 'member' })
      .finally(() => order.push('answered'))
    await expect.poll(() => platform.vault.log.at(-1)).toBe('setCaller')
    order.push('released')
    release()
    const { key, secret } = await creating
    expect(order).toEqual(['released', 'answered'])
    expect(key).toMatchObject({ label: 'ci', role: 'member', scopes: [...ROLE_SCOPES.member] })
    expect(platform.vault.callers.get(sha256(secret).toString('hex'))).toMatchObject({
      keyId: key?.id,
      state: 'active',
      project: platform.project,
    })
  })

  test('whose vault cannot be told is an error, and what was made is revoked', async () => {
    platform.vault.refuse('setCaller', 'AUDIT_UNAVAILABLE')
    expect(await codeOf(owner().createKey({ label: 'lost' }))).toBe('AUDIT_UNAVAILABLE')
    await expect
      .poll(async () => (await owner().listKeys({ pageSize: 200 })).keys.find(({ label }) => label === 'lost')?.state)
      .toBe('revoked')
    await expect
      .poll(() => platform.afterSweep(() => [...platform.vault.callers.values()].filter(({ state }) => state === 'revoked').length))
      .toBeGreaterThan(0)
  })

  test('[S2-1] is stored as its SHA-256 alone: the database holds its text in no form', async () => {
    const { secret } = await owner().createKey({ label: 'label-that-is-stored' })
    const secrets = { fresh: secret, first: platform.firstKey, label: 'label-that-is-stored' }
    const hits = await searchForCanaries({ folders: [platform.folder], secrets })
    // The label says that the search reads what was written.
    expect(new Set(hits.map((hit) => hit.secret))).toEqual(new Set(['label']))
  })

  test('cannot be given more than its maker has', async () => {
    const { secret } = await owner().createKey({ scopes: ['keys', 'use'] })
    const maker = platform.caller(secret)
    expect(await codeOf(maker.createKey({ scopes: ['use'] }))).toBe('no error')
    expect(await codeOf(maker.createKey({ scopes: ['act_for'] }))).toBe('SCOPE_REQUIRED')
    expect(await codeOf(maker.createKey({ role: 'owner' }))).toBe('SCOPE_REQUIRED')
    expect(await codeOf(maker.createKey({ scopes: ['use'], role: 'owner' }))).toBe('SCOPE_REQUIRED')
    const { keys } = await owner().listKeys({})
    expect(await codeOf(maker.rotateKey({ keyId: keys[0]?.id ?? '' }))).toBe('SCOPE_REQUIRED')
    const { secret: useless } = await owner().createKey({ scopes: ['use'] })
    expect(await codeOf(platform.caller(useless).listKeys({}))).toBe('SCOPE_REQUIRED')
  })

  test('with unknown scopes, role or a time that is over is refused with every fault', async () => {
    const wanted = { scopes: ['use', 'everything'], role: 'king', expiresAt: new Date(platform.clock.now() - 1) }
    const refused = await owner()
      .createKey(wanted)
      .catch((error: unknown) => error)
    const { faults } = (refused as { details: { faults: { pointer: string }[] } }).details
    expect(faults.map(({ pointer }) => pointer)).toEqual(['/scopes/1', '/role', '/expires_at'])
  })
})

describe('rotation and revocation', () => {
  test('the former secret counts for the overlap and not a moment longer', async () => {
    const { key, secret: former } = await owner().createKey({ role: 'member' })
    const { secret: fresh, key: rotated } = await owner().rotateKey({ keyId: key?.id ?? '', overlapS: 60 })
    expect(rotated?.id).toBe(key?.id)
    expect((await authenticate(former)).principal?.subject).toBe(key?.id)
    expect((await authenticate(fresh)).principal?.subject).toBe(key?.id)
    const end = new Date(platform.clock.now() + 60_000)
    expect(platform.vault.callers.get(sha256(former).toString('hex'))?.expiresAt).toEqual(end)
    platform.clock.jumpWall(60_000)
    expect(await codeOf(authenticate(former))).toBe('UNAUTHENTICATED')
    expect(await codeOf(authenticate(fresh))).toBe('no error')
    expect(await codeOf(owner().rotateKey({ keyId: key?.id ?? '', overlapS: 31 * 86_400 }))).toBe('INVALID_REQUEST')
  })

  test('a secret keeps its earlier end when the key is rotated again; without an overlap it is a day', async () => {
    const { key, secret: first } = await owner().createKey({ role: 'member' })
    const keyId = key?.id ?? ''
    const endOf = (secret: string) => platform.vault.callers.get(sha256(secret).toString('hex'))?.expiresAt?.getTime()
    const now = platform.clock.now()
    const { secret: second } = await owner().rotateKey({ keyId, overlapS: 60 })
    await owner().rotateKey({ keyId })
    expect([endOf(first), endOf(second)]).toEqual([now + 60_000, now + 24 * 3_600_000])
  })

  test('a revoked key is refused here and in the vault when the answer comes, with all its secrets', async () => {
    const { key, secret: former } = await owner().createKey({ role: 'member' })
    const { secret: fresh } = await owner().rotateKey({ keyId: key?.id ?? '' })
    await owner().revokeKey({ keyId: key?.id ?? '' })
    for (const secret of [former, fresh]) {
      expect(platform.vault.callers.get(sha256(secret).toString('hex'))?.state).toBe('revoked')
      expect(await codeOf(authenticate(secret))).toBe('UNAUTHENTICATED')
    }
    expect(await codeOf(owner().revokeKey({ keyId: key?.id ?? '' }))).toBe('no error')
    expect(await codeOf(owner().rotateKey({ keyId: key?.id ?? '' }))).toBe('CONFLICT')
    expect(await codeOf(owner().revokeKey({ keyId: `key_${'0'.repeat(26)}` }))).toBe('NOT_FOUND')
  })

  test('a revocation that the vault did not take is an error until it holds', async () => {
    const { key, secret } = await owner().createKey({ role: 'member' })
    const release = platform.vault.hold('setCaller')
    expect(await platform.unanswered('setCaller', () => owner().revokeKey({ keyId: key?.id ?? '' }))).toBe('DEADLINE_EXCEEDED')
    expect(await codeOf(authenticate(secret))).toBe('UNAUTHENTICATED')
    release()
    expect(await codeOf(owner().revokeKey({ keyId: key?.id ?? '' }))).toBe('no error')
    expect(platform.vault.callers.get(sha256(secret).toString('hex'))?.state).toBe('revoked')
  })
})

describe('Authenticate', () => {
  test('gives the principal of a key, with the user it acts for', async () => {
    const { principal } = await authenticate(platform.firstKey, 'email: Ann@Example.com ')
    expect(principal).toMatchObject({ project: platform.project, roles: ['owner'], via: 'http', userNames: ['email:ann@example.com'] })
    expect(principal?.user).toMatch(/^usr_/)
    const again = await authenticate(platform.firstKey, principal?.user)
    expect(again.principal).toMatchObject({ user: principal?.user, userNames: ['email:ann@example.com'] })
  })

  test('refuses an unknown key, one that is over, and a user named by a key that may not', async () => {
    expect(await codeOf(authenticate('crd_unknown'))).toBe('UNAUTHENTICATED')
    const { secret } = await owner().createKey({ role: 'member', expiresAt: new Date(platform.clock.now() + 1000) })
    expect(await codeOf(authenticate(secret, 'id:ann'))).toBe('SCOPE_REQUIRED')
    expect(await codeOf(authenticate(platform.firstKey, 'email:nobody'))).toBe('INVALID_REQUEST')
    platform.clock.jumpWall(1000)
    expect(await codeOf(authenticate(secret))).toBe('UNAUTHENTICATED')
  })

  test('is closed to callers and to every service but the gateway', async () => {
    const request = { keySha256: sha256(platform.firstKey), user: '', via: 'http' }
    expect(await codeOf(platform.as('verifier').authenticate(request))).toBe('SCOPE_REQUIRED')
    expect(await codeOf(owner().authenticate(request))).not.toBe('no error')
  })
})

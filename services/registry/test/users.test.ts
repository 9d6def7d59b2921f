import { callAs, servicePrincipal } from '@credence/rpc'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeOf, connected, Platform, provider } from './platform.ts'

let platform: Platform
let bearer: string

beforeAll(async () => {
  platform = await Platform.start()
  bearer = await provider(platform)
})
afterAll(() => platform.stop())

/** The user that the gateway finds for these names, as at a sign-in that knows both. */
const signIn = async (...userNames: string[]) => {
  const principal = { ...servicePrincipal('gateway', platform.project), userNames }
  return (await platform.as('gateway').authenticate({ user: '', via: 'console' }, callAs(principal))).principal
}

describe('a user', () => {
  test('is made on first mention, once, also by fifty at the same moment', async () => {
    const found = await Promise.all(Array.from({ length: 50 }, () => signIn('email:many@example.com')))
    expect(new Set(found.map((principal) => principal?.user)).size).toBe(1)
  })

  test("whose name is claimed by another request in the same moment is that request's user", async () => {
    const held = platform.store.holdInsert('registry_user_names')
    const late = signIn('email:moment@example.com')
    await held.reached
    const early = await signIn('email:moment@example.com')
    held.release()
    expect((await late)?.user).toBe(early?.user)
  })

  test('known by id and address is one when a caller sends both, in whatever order they came first', async () => {
    const byAddress = await signIn('email:pair@example.com')
    const byBoth = await signIn('id:pair', 'email:pair@example.com')
    const byId = await signIn('id:pair')
    expect(new Set([byAddress?.user, byBoth?.user, byId?.user]).size).toBe(1)
    expect(byId?.userNames).toEqual(['email:pair@example.com', 'id:pair'])
  })

  test('first mentioned by both names and by one of them at once is one', async () => {
    const all = await Promise.all([
      signIn('id:race', 'email:race@example.com'),
      signIn('email:race@example.com'),
      signIn('email:race@example.com', 'id:race'),
    ])
    expect(new Set(all.map((principal) => principal?.user)).size).toBe(1)
  })

  test('is never merged with another who exists', async () => {
    await signIn('id:left')
    await signIn('email:right@example.com')
    expect(await codeOf(signIn('id:left', 'email:right@example.com'))).toBe('USER_CONFLICT')
    const before = await signIn('id:one', 'email:one@example.com')
    expect(await codeOf(signIn('id:two', 'email:one@example.com'))).toBe('USER_CONFLICT')
    expect((await signIn('id:one'))?.user).toBe(before?.user)
    expect((await signIn('id:two'))?.user).not.toBe(before?.user)
  })

  test('gets a name that was joined later into the fences that hold him', async () => {
    const owner = await platform.person('id:late')
    const credentialId = await connected(platform, owner, { providerId: bearer })
    expect(platform.vault.fence(credentialId)?.owner?.names).toEqual(['id:late'])
    await signIn('id:late', 'email:late@example.com')
    await expect.poll(() => platform.vault.fence(credentialId)?.owner?.names).toEqual(['email:late@example.com', 'id:late'])
  })

  test('of another project is not found by his id', async () => {
    const ann = await signIn('id:ann')
    const principal = servicePrincipal('gateway', `proj_${'1'.repeat(26)}`)
    const asked = platform.as('gateway').authenticate({ user: ann?.user ?? '', via: 'http' }, callAs(principal))
    expect(await codeOf(asked)).toBe('NOT_FOUND')
  })
})

describe('a key on the caller listener', () => {
  test('names the user that it acts for, and he is found or made', async () => {
    const ann = await platform.person('id:ann')
    const credentialId = await connected(platform, ann, { providerId: bearer })
    const asAnn = platform.caller(platform.firstKey, 'ann')
    expect((await asAnn.get({ credentialId })).credential?.owner?.user).toBe(ann.principal.user)
    const asBob = platform.caller(platform.firstKey, 'id:bob')
    expect(await codeOf(asBob.get({ credentialId }))).toBe('NOT_FOUND')
  })

  test('without a user sees what is shared with the project and nothing else', async () => {
    const ann = await platform.person('id:ann')
    const own = await connected(platform, ann, { providerId: bearer })
    const shared = await connected(platform, ann, { providerId: bearer, level: 'project' })
    const caller = platform.caller(platform.firstKey)
    expect(await codeOf(caller.get({ credentialId: own }))).toBe('NOT_FOUND')
    const { credentials } = await caller.list({ pageSize: 200 })
    expect(credentials.map(({ id }) => id)).toEqual([shared])
  })

  test('without the scope act_for may not name one', async () => {
    const { secret } = await platform.caller(platform.firstKey).createKey({ role: 'member' })
    expect(await codeOf(platform.caller(secret, 'id:ann').list({}))).toBe('SCOPE_REQUIRED')
    expect(await codeOf(platform.caller(secret).list({}))).toBe('no error')
  })

  test('does not reach the methods that are between services', async () => {
    const caller = platform.caller(platform.firstKey, 'id:ann')
    const refused = await Promise.all([caller.reserve({ providerId: bearer }), caller.reportUse({}), caller.markExpired({})].map(codeOf))
    expect(refused).not.toContain('no error')
  })
})

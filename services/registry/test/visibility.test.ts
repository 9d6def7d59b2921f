import { callAs, servicePrincipal } from '@credence/rpc'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeOf, connected, type Person, Platform, provider } from './platform.ts'

let platform: Platform
let ann: Person
let bob: Person
let bearer: string

beforeAll(async () => {
  platform = await Platform.start()
  ann = await platform.person('email:ann@example.com')
  bob = await platform.person('id:bob')
  bearer = await provider(platform)
})
afterAll(() => platform.stop())

const get = ({ gateway, principal }: Person, credentialId: string) => gateway.get({ credentialId }, callAs(principal))

describe('somebody else', () => {
  test('[S2-20] gets the same answer as for an id that does not exist, administrators too', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    const foreign = await platform.person('id:eve', undefined, `proj_${'1'.repeat(26)}`)
    const answers = []
    for (const [who, id] of [
      [bob, credentialId],
      [foreign, credentialId],
      [bob, `cred_${'0'.repeat(26)}`],
    ] as const) {
      const error = await get(who, id).catch((refused: unknown) => refused as Error & { code: string; details: object })
      answers.push(JSON.stringify(error instanceof Error ? [error.code, error.message, error.details] : 'answered').replaceAll(id, 'ID'))
    }
    expect(new Set(answers).size).toBe(1)
    expect(answers[0]).toContain('NOT_FOUND')
  })

  test('[S2-20] cannot do anything with it by any method', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    const { gateway, principal } = bob
    const as = callAs(principal)
    const tries = [
      gateway.get({ credentialId }, as),
      gateway.relabel({ credentialId, label: 'mine' }, as),
      gateway.share({ credentialId, with: 'id:bob', permission: 'use' }, as),
      gateway.unshare({ credentialId, with: 'id:bob' }, as),
      gateway.transfer({ credentialId, to: 'id:bob' }, as),
      gateway.disable({ credentialId }, as),
      gateway.enable({ credentialId }, as),
      gateway.delete({ credentialId, force: true }, as),
      gateway.bindConsumer({ credentialId, kind: 'tool' }, as),
      gateway.listConsumers({ credentialId }, as),
      gateway.listHistory({ credentialId }, as),
      gateway.reserve({ credentialId }, as),
      gateway.connect({ credentialId, candidateId: 'cand_' }, as),
    ]
    expect(new Set(await Promise.all(tries.map(codeOf)))).toEqual(new Set(['NOT_FOUND']))
  })

  test('[S2-20] with the share `use` reads and lists it and changes nothing', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    await ann.gateway.share({ credentialId, with: 'id:bob', permission: 'use' }, callAs(ann.principal))
    const { credentials } = await bob.gateway.list({}, callAs(bob.principal))
    expect(credentials.map(({ id }) => id)).toContain(credentialId)
    expect((await get(bob, credentialId)).credential?.shares).toMatchObject([{ subject: bob.principal.user, permission: 'use' }])
    expect(await codeOf(bob.gateway.relabel({ credentialId, label: 'mine' }, callAs(bob.principal)))).toBe('SCOPE_REQUIRED')
    await ann.gateway.unshare({ credentialId, with: 'id:bob' }, callAs(ann.principal))
    expect(await codeOf(get(bob, credentialId))).toBe('NOT_FOUND')
    expect(platform.vault.fence(credentialId)?.shares).toEqual([])
  })

  test('[S2-20] with the share `manage` may do all but give it away', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    await ann.gateway.share({ credentialId, with: 'id:bob', permission: 'manage' }, callAs(ann.principal))
    const { gateway, principal } = bob
    const { credential } = await gateway.relabel({ credentialId, label: 'ours', tags: { team: 'a' } }, callAs(principal))
    expect(credential).toMatchObject({ label: 'ours', tags: { team: 'a' } })
    expect(await codeOf(gateway.disable({ credentialId }, callAs(principal)))).toBe('no error')
    expect(await codeOf(gateway.transfer({ credentialId, to: 'id:bob' }, callAs(principal)))).toBe('SCOPE_REQUIRED')
    expect(await codeOf(gateway.delete({ credentialId }, callAs(principal)))).toBe('no error')
  })
})

describe('another project', () => {
  test('[S2-20] does not see what is shared with the whole project, nor does a service order of it', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer, level: 'project' })
    const project = `proj_${'1'.repeat(26)}`
    const eve = await platform.person('id:eve', undefined, project)
    expect(await codeOf(get(eve, credentialId))).toBe('NOT_FOUND')
    const { credentials } = await eve.gateway.list({}, callAs(eve.principal))
    expect(credentials).toEqual([])
    const order = (of: string) => ann.gateway.get({ credentialId }, callAs(servicePrincipal('gateway', of)))
    expect(await codeOf(order(project))).toBe('NOT_FOUND')
    expect(await codeOf(order(platform.project))).toBe('no error')
  })
})

describe('giving it away', () => {
  test('leaves the former owner without it, and the fence with the new one alone', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    await ann.gateway.share({ credentialId, with: 'id:bob', permission: 'use' }, callAs(ann.principal))
    await ann.gateway.transfer({ credentialId, to: 'id:bob' }, callAs(ann.principal))
    expect(await codeOf(get(ann, credentialId))).toBe('NOT_FOUND')
    expect((await get(bob, credentialId)).credential).toMatchObject({ owner: { user: bob.principal.user }, shares: [] })
    expect(platform.vault.fence(credentialId)).toMatchObject({ owner: { names: ['id:bob'] }, shares: [] })
    const [fact] = await platform.heard('credential.owner_changed', credentialId)
    expect(fact?.data).toMatchObject({ owner: bob.principal.user, previous_owner: ann.principal.user })
  })
})

describe('a share', () => {
  test('with somebody unknown is refused unless the caller may act for users', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    const member = { ...ann.principal, scopes: ['credentials.write', 'credentials.read'] }
    const share = (grantee: string, as = member) =>
      codeOf(ann.gateway.share({ credentialId, with: grantee, permission: 'use' }, callAs(as)))
    expect(await share('id:nobody')).toBe('NOT_FOUND')
    expect(await share('id:nobody', ann.principal as typeof member)).toBe('no error')
    expect(await share('email:not an address')).toBe('INVALID_REQUEST')
  })

  test('of `manage` with the whole project takes the scope for the project', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    const member = { ...ann.principal, scopes: ['credentials.write'] }
    const wanted = { credentialId, with: 'project', permission: 'manage' }
    expect(await codeOf(ann.gateway.share(wanted, callAs(member)))).toBe('SCOPE_REQUIRED')
    expect(await codeOf(ann.gateway.share(wanted, callAs(ann.principal)))).toBe('no error')
    expect(await codeOf(bob.gateway.disable({ credentialId }, callAs(bob.principal)))).toBe('no error')
  })

  test('given twice is one share and one fact', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    const wanted = { credentialId, with: 'id:bob', permission: 'use' }
    await ann.gateway.share(wanted, callAs(ann.principal))
    const { credential } = await ann.gateway.share(wanted, callAs(ann.principal))
    expect(credential?.shares).toHaveLength(1)
    await ann.gateway.delete({ credentialId }, callAs(ann.principal))
    await platform.heard('credential.deleted', credentialId)
    expect(platform.facts.filter(({ type, subject }) => type === 'credential.shared' && subject === credentialId)).toHaveLength(1)
  })
})

describe('a service', () => {
  test('reads a credential by its id alone, whatever its project', async () => {
    const credentialId = await connected(platform, ann, { providerId: bearer })
    expect((await platform.as('verifier').get({ credentialId })).credential?.id).toBe(credentialId)
  })
})

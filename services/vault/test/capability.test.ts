import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CapabilityDoc, claimId, openCapabilities } from '../src/capability/capability.ts'
import { setCapability, setClaim } from '../src/capability/set-capability.ts'
import { createFloors } from '../src/credential/floors.ts'
import { createRefresh } from '../src/credential/refresh.ts'
import { check, type SendContext, send } from '../src/credential/send.ts'
import type { Challenges } from '../src/identity/challenges.ts'
import { BEARER, recipeWith } from './connecting.ts'
import { type Outside, startOutside } from './outside.ts'
import { inForce, openParts, order, type Parts, PROJECT } from './parts.ts'

/** A verifier that asks for a zip. */
const challenges: Challenges = {
  open: async ({ capability }) => ({
    facts: [{ name: 'zip', question: 'Which zip?' }],
    attemptsLeft: 5,
    challenge: 'challenge',
    expiresAt: '2026-01-01T00:00:00.000Z',
    pageUrl: 'https://credence.example/identity/challenge',
    capabilityId: capability,
    level: 'basic',
  }),
}

let outside: Outside
let parts: Parts
let credentialId: string
beforeAll(async () => {
  outside = await startOutside()
  parts = await openParts({ egress: outside.egress, challenges })
  credentialId = (await inForce(parts, recipeWith(BEARER), { token: 'tok-1234567890' })).id
})
afterAll(async () => {
  await parts.close()
  await outside.close()
})

let ids = 0
type Wanted = Parameters<typeof setCapability>[2]

async function capability(members: Partial<Wanted> = {}): Promise<Wanted> {
  const doc: Wanted = {
    id: `cap_${String(ids++).padStart(26, '0')}`,
    generation: 1,
    state: 'active',
    mode: 'full_access',
    methods: [],
    paths: [],
    gate: { level: 'none', facts: [], consent: false },
    credentialId,
    recipe: '',
    ...members,
  }
  await setCapability(parts, order, doc)
  return doc
}

const ann = { project: PROJECT, subject: 'key_1', user: '', userNames: ['id:ann'], roles: [], scopes: ['use'], via: 'http' }
const checked = (id: string, members: object = {}): Promise<string> =>
  check(parts, ann, { credentialId: id, method: 'GET', path: '/x', consumer: '', ...members }).then(
    () => 'ok',
    (error: { code: string }) => error.code,
  )

/** A hand in the store, which has no key of the vault. */
async function write(collection: string, id: string, members: object): Promise<void> {
  const docs = await parts.store.collection<CapabilityDoc>({ name: collection, indexes: [] })
  const doc = await docs.get(id)
  if (doc === undefined) throw new TypeError('nothing to alter')
  await docs.replace({ ...doc, ...members }, doc.rev)
}

describe('the rules of a capability', () => {
  test.each([
    '_method=DELETE',
    'a=1&_METHOD=put',
    '_metho%64=DELETE',
    '_method=GET&_method=DELETE',
    'a=1;_method=DELETE',
    '%5fmethod=delete',
    '.method=DELETE',
    '+_method=DELETE',
    '_method=',
  ])('[S0-15] hold against a query that asks for another method: %s', async (query) => {
    const { id } = await capability({ methods: ['GET'] })
    expect(await checked(id, { path: `/x?${query}` })).toBe('METHOD_REFUSED')
  })

  test.each(['_method=GET', '_method=get&_method=GET', 'method=DELETE', 'a=_method', 'x_method=DELETE', 'a=%zz'])(
    '[S0-15] let a query pass that asks for none but theirs: %s',
    async (query) => {
      const { id } = await capability({ methods: ['GET'] })
      expect(await checked(id, { path: `/x?${query}` })).toBe('ok')
    },
  )
})

describe('a stored capability', () => {
  test.each([
    ['its credential', { credentialId: `cred_${'9'.repeat(26)}` }],
    ['its gate', { gate: { level: 'none', facts: [], consent: false } }],
    ['its paths', { paths: [] }],
    ['its methods', { methods: ['GET', 'DELETE'] }],
    ['its project', { project: 'proj_other' }],
    ['its mode', { mode: 'custom' }],
    ['its generation', { generation: 9 }],
  ])('[S0-15] in which a storage writer changed %s is refused', async (_, members) => {
    const { id } = await capability({ methods: ['GET'], paths: ['/x'], gate: { level: 'basic', facts: ['zip'], consent: false } })
    expect(await checked(id)).toBe('IDENTITY_REQUIRED')
    await write('vault_capabilities', id, members)
    expect(await checked(id)).toBe('CREDENTIAL_QUARANTINED')
  })

  test('[S0-15] that comes back from the past is refused, by this vault and by one that has only its audit log', async () => {
    const before = await capability()
    const docs = await parts.store.collection<CapabilityDoc>({ name: 'vault_capabilities', indexes: [] })
    const { rev: _rev, ...old } = (await docs.get(before.id))!
    await setCapability(parts, order, { ...before, generation: 2, state: 'deleted' })
    const now = (await docs.get(before.id))!
    await docs.replace(old, now.rev)
    expect(await checked(before.id)).toBe('CREDENTIAL_QUARANTINED')
    const change = { use: 'u', phase: 'change', action: 'access', at: 0, project: PROJECT, credential: before.id, subject: 's' } as const
    const floors = createFloors([{ ...change, generation: 2 }])
    const { records } = await openCapabilities({ store: parts.store, macKey: Buffer.alloc(32, 3), floors })
    await expect(records.read(before.id)).rejects.toMatchObject({ code: 'CREDENTIAL_QUARANTINED' })
  })

  test('[S0-15] takes no older generation, and the same one again', async () => {
    const doc = await capability({ generation: 3 })
    await setCapability(parts, order, doc)
    await expect(setCapability(parts, order, { ...doc, generation: 2 })).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(await checked(doc.id)).toBe('ok')
  })

  test('[S0-15] of another project does not exist, and a key without the scope learns nothing', async () => {
    const { id } = await capability()
    const other = { ...ann, project: 'proj_2' }
    await expect(check(parts, other, { credentialId: id, method: 'GET', path: '/x', consumer: '' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
    const useless = { ...ann, scopes: [] }
    await expect(check(parts, useless, { credentialId: id, method: 'GET', path: '/x', consumer: '' })).rejects.toMatchObject({
      code: 'SCOPE_REQUIRED',
    })
  })
})

describe('a claim', () => {
  test('[S0-7] finds the credential by each name of the customer, and by nobody else’s', async () => {
    const { id } = await capability({ mode: 'external_oauth', credentialId: '' })
    expect(await checked(id)).toBe('CONNECT_REQUIRED')
    await setClaim(parts, order, { capability: id, names: ['usr_1', 'id:ann'], credentialId, generation: 1 })
    expect(await checked(id)).toBe('ok')
    const bob = { ...ann, userNames: ['id:bob'] }
    await expect(check(parts, bob, { credentialId: id, method: 'GET', path: '/x', consumer: '' })).rejects.toMatchObject({
      code: 'CONNECT_REQUIRED',
    })
  })

  test('[S0-7] that a storage writer turned to another customer is refused, and so is one that was copied', async () => {
    const { id } = await capability({ mode: 'external_oauth', credentialId: '' })
    await setClaim(parts, order, { capability: id, names: ['id:ann'], credentialId, generation: 1 })
    await write('vault_capability_claims', claimId(PROJECT, id, 'id:ann'), { credentialId: `cred_${'8'.repeat(26)}` })
    expect(await checked(id)).toBe('CREDENTIAL_QUARANTINED')
  })

  test('[S0-15] of a credential that belongs to somebody else opens nothing: its own fence decides', async () => {
    const { id } = await capability({ mode: 'external_oauth', credentialId: '' })
    await setClaim(parts, order, { capability: id, names: ['id:bob'], credentialId, generation: 1 })
    const bob = { ...ann, userNames: ['id:bob'] }
    await expect(check(parts, bob, { credentialId: id, method: 'GET', path: '/x', consumer: '' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
  })
})

test('[S0-12] [S0-9] a use is recorded with its capability, its user and its credential, and a refusal too', async () => {
  const { id } = await capability({ paths: ['/x'] })
  const records: unknown[] = []
  parts.audit.onRecord(({ phase, credential, capabilities, user, outcome }) =>
    records.push([phase, credential, capabilities, user, outcome]),
  )
  await checked(id)
  await checked(id, { path: '/y' })
  await parts.audit.flush()
  expect(records).toEqual([
    ['began', credentialId, [id], 'id:ann', undefined],
    ['ended', credentialId, [id], 'id:ann', 'ok'],
    ['denied', '', [id], 'id:ann', 'PATH_REFUSED'],
  ])
})

test('[S0-15] a call that waits for its address does not begin under a rule that is gone, in the one vault there is', async () => {
  const [looked, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const egress = { ...outside.egress, resolve: [] }
  const own = await openParts({
    egress,
    resolver: async () => {
      looked.resolve()
      await answer.promise
      return ['127.0.0.1']
    },
  })
  try {
    const recipe = recipeWith(BEARER, { proxy_url: `https://api.example.com:${outside.gate.port}` })
    const secret = (await inForce(own, recipe, { token: 'tok-1234567890' })).id
    const free = { level: 'none', facts: [], consent: false } as const
    const doc = { id: `cap_${'7'.repeat(26)}`, generation: 1, state: 'active', mode: 'full_access', methods: [], paths: [] } as const
    await setCapability(own, order, { ...doc, gate: free, credentialId: secret, recipe: '' })
    const callers = { inForce: () => true, confirm: async () => undefined }
    const calling: SendContext = { ...own, refresh: createRefresh(own).refresh, callers, maxRequestBytes: 1_024 }
    const call = {
      credentialId: doc.id,
      method: 'GET',
      path: '/x',
      consumer: '',
      headers: [],
      noReplay: false,
      signal: AbortSignal.timeout(20_000),
    }
    const before = outside.api.requests.length
    const calls = send(calling, ann, call).then(
      () => 'sent',
      (error: { code: string }) => error.code,
    )
    await looked.promise
    await setCapability(own, order, { ...doc, generation: 2, paths: ['/y'], gate: free, credentialId: secret, recipe: '' })
    answer.resolve()
    expect(await calls).toBe('PATH_REFUSED')
    expect(outside.api.requests).toHaveLength(before)
  } finally {
    await own.close()
  }
})

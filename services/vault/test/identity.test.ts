import { createHmac } from 'node:crypto'
import { CodedError } from '@credence/errors'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CapabilityDoc, customerKey, type Gate } from '../src/capability/capability.ts'
import { setCapability, setConsent, setPass } from '../src/capability/set-capability.ts'
import { createRefresh } from '../src/credential/refresh.ts'
import { check, type SendContext, send } from '../src/credential/send.ts'
import type { Challenges } from '../src/identity/challenges.ts'
import type { FactRecord } from '../src/identity/fact-records.ts'
import { matchFacts } from '../src/identity/match-facts.ts'
import { deleteFacts, putFacts } from '../src/identity/put-facts.ts'
import { BEARER, recipeWith } from './connecting.ts'
import { type Outside, startOutside } from './outside.ts'
import { inForce, openParts, order, type Parts, PROJECT } from './parts.ts'

/** A verifier that asks for a zip. */
const challenges: Challenges = {
  async open({ capability: capabilityId, user }) {
    if (user === 'id:nobody') throw new CodedError('UNAVAILABLE')
    const asked = { facts: [{ name: 'zip', question: 'Which zip?' }], attemptsLeft: 5, challenge: 'challenge', level: 'basic' }
    return { ...asked, expiresAt: '2026-01-01T00:00:00.000Z', pageUrl: 'https://credence.example/identity/challenge', capabilityId }
  },
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
const ASKED = { version: 1, kinds: ['postal_code'], pageOnly: false, purpose: 'Orders', scopes: ['orders.read'] } as const

async function gated(gate: Partial<Gate> = {}, at = parts): Promise<Wanted> {
  const shut: Gate = { level: 'basic', facts: ['zip'], consent: false, asked: ASKED, ...gate }
  const blank = { id: `cap_${String(ids++).padStart(26, '0')}`, generation: 1, state: 'active', mode: 'full_access' } as const
  const doc: Wanted = { ...blank, methods: [], paths: [], gate: shut, credentialId, recipe: '' }
  await setCapability(at, order, doc)
  return doc
}

const ann = { project: PROJECT, subject: 'key_1', user: '', userNames: ['id:ann'], roles: [], scopes: ['use'], via: 'http' }
const checked = (id: string, name = 'id:ann'): Promise<string> =>
  check(parts, { ...ann, userNames: [name] }, { credentialId: id, method: 'GET', path: '/x', consumer: '' }).then(
    () => 'ok',
    (error: { code: string }) => error.code,
  )

function grant(capability: string, members: object = {}, at = parts): Promise<void> {
  const expiresAt = new Date(at.clock.now() + 60_000)
  const pass = { passId: `pass_${'1'.repeat(26)}`, capability, version: 1, expiresAt, state: 'active', generation: 1 } as const
  return setPass(at, order, { ...pass, names: ['usr_1', 'id:ann'], ...members })
}

/** A hand in the store, which has no key of the vault. */
async function write(collection: string, id: string, members: object): Promise<void> {
  const docs = await parts.store.collection<CapabilityDoc>({ name: collection, indexes: [] })
  const doc = await docs.get(id)
  if (doc === undefined) throw new TypeError('nothing to alter')
  await docs.replace({ ...doc, ...members }, doc.rev)
}

describe('a pass', () => {
  test('[S0-13] opens for its customer, and for nobody else, while what is asked is the same', async () => {
    const doc = await gated()
    expect(await checked(doc.id)).toBe('IDENTITY_REQUIRED')
    await grant(doc.id)
    expect([await checked(doc.id), await checked(doc.id, 'id:bob')]).toEqual(['ok', 'IDENTITY_REQUIRED'])
    await setCapability(parts, order, { ...doc, generation: 2, gate: { ...doc.gate, asked: { ...ASKED, version: 2 } } })
    expect(await checked(doc.id)).toBe('IDENTITY_REQUIRED')
  })

  test('[S0-13] is needed too where the verifier is away: the gate is shut', async () => {
    const { id } = await gated()
    expect(await checked(id, 'id:nobody')).toBe('UNAVAILABLE')
  })

  test.each([
    ['its end', { expiresAt: new Date(9e12) }],
    ['its state', { state: 'active' }],
    ['its version', { version: 2 }],
    ['its customer', { name: 'id:eve' }],
    ['its generation', { generation: 7 }],
  ])('[S0-13] in which a storage writer changed %s is refused', async (_, members) => {
    const { id } = await gated()
    await grant(id)
    await grant(id, { state: 'revoked', generation: 2 })
    expect(await checked(id)).toBe('IDENTITY_REQUIRED')
    await write('vault_passes', customerKey('pass', { project: PROJECT, capability: id, name: 'id:ann' }), members)
    expect(await checked(id)).toBe('CREDENTIAL_QUARANTINED')
  })

  test('[S0-13] that was revoked and comes back from the past is refused', async () => {
    const { id } = await gated()
    await grant(id)
    const docs = await parts.store.collection<CapabilityDoc>({ name: 'vault_passes', indexes: [] })
    const key = customerKey('pass', { project: PROJECT, capability: id, name: 'id:ann' })
    const { rev: _rev, ...old } = (await docs.get(key))!
    await grant(id, { state: 'revoked', generation: 2 })
    await docs.replace(old, (await docs.get(key))!.rev)
    expect(await checked(id)).toBe('CREDENTIAL_QUARANTINED')
  })

  test.each([
    ['ends', (at: Parts) => at.clock.advance(2_000)],
    ['is revoked', (at: Parts, id: string) => grant(id, { state: 'revoked', generation: 2 }, at)],
  ])('[S0-13] that %s while a call waits for its address stops it, in the one vault there is', async (_, stop) => {
    const [looked, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const resolver = async (): Promise<string[]> => {
      looked.resolve()
      await answer.promise
      return ['127.0.0.1']
    }
    const own = await openParts({ egress: { ...outside.egress, resolve: [] }, resolver, challenges })
    try {
      const recipe = recipeWith(BEARER, { proxy_url: `https://api.example.com:${outside.gate.port}` })
      const secret = (await inForce(own, recipe, { token: 'tok-1234567890' })).id
      const doc = await gated({}, own)
      await setCapability(own, order, { ...doc, generation: 2, credentialId: secret })
      await grant(doc.id, { expiresAt: new Date(own.clock.now() + 2_000) }, own)
      const callers = { inForce: () => true, confirm: async () => undefined }
      const calling: SendContext = { ...own, refresh: createRefresh(own).refresh, callers, maxRequestBytes: 1_024 }
      const call = { credentialId: doc.id, method: 'GET', path: '/x', consumer: '', headers: [], noReplay: false }
      const before = outside.api.requests.length
      const calls = send(calling, ann, { ...call, signal: AbortSignal.timeout(20_000) }).then(
        () => 'sent',
        (error: { code: string }) => error.code,
      )
      await looked.promise
      await stop(own, doc.id)
      answer.resolve()
      expect(await calls).toBe('IDENTITY_REQUIRED')
      expect(outside.api.requests).toHaveLength(before)
    } finally {
      await own.close()
    }
  })
})

describe('a consent', () => {
  const give = (capability: string, members: object = {}): Promise<void> =>
    setConsent(parts, order, {
      capability,
      state: 'given',
      purpose: 'Orders',
      scopes: ['orders.read', 'x'],
      generation: 1,
      names: ['id:ann'],
      ...members,
    })

  test('[S0-14] opens while it covers what is asked, and not after it was withdrawn', async () => {
    const { id } = await gated({ level: 'none', facts: [], consent: true })
    expect(await checked(id)).toBe('CONSENT_REQUIRED')
    await give(id)
    expect([await checked(id), await checked(id, 'id:bob')]).toEqual(['ok', 'CONSENT_REQUIRED'])
    await give(id, { generation: 2, scopes: ['x'] })
    expect(await checked(id)).toBe('CONSENT_REQUIRED')
    await give(id, { generation: 3 })
    await give(id, { generation: 4, state: 'withdrawn' })
    expect(await checked(id)).toBe('CONSENT_REQUIRED')
    await expect(give(id, { generation: 3 })).rejects.toMatchObject({ code: 'CONFLICT' })
  })

  test.each([
    ['its state', { state: 'given' }],
    ['its scopes', { scopes: ['everything'] }],
    ['its purpose', { purpose: 'Anything' }],
  ])('[S0-14] in which a storage writer changed %s is refused', async (_, members) => {
    const { id } = await gated({ level: 'none', facts: [], consent: true })
    await give(id, { state: 'withdrawn' })
    await write('vault_consents', customerKey('consent', { project: PROJECT, capability: id, name: 'id:ann' }), members)
    expect(await checked(id)).toBe('CREDENTIAL_QUARANTINED')
  })
})

describe('a record', () => {
  const push = (user: string, facts: Readonly<Record<string, readonly string[]>>, merge = false): Promise<void> => {
    const values = Object.entries(facts).map(([name, all]) => [name, all.map((one) => Buffer.from(one))] as const)
    return putFacts(parts, order, { records: [{ user, facts: new Map(values) }], merge })
  }
  const matches = (capabilityId: string, user: string, zip: string): Promise<boolean> =>
    matchFacts(parts, order, { capabilityId, user, names: [], answers: new Map([['zip', Buffer.from(zip)]]), version: 1, how: 'api' })
  const stored = async (): Promise<readonly FactRecord[]> => {
    const docs = await parts.store.collection<FactRecord>({
      name: 'vault_fact_records',
      indexes: [{ name: 'by_project', members: ['project', 'user'] }],
    })
    return (await docs.find('by_project', { prefix: [PROJECT], limit: 100 })).docs
  }

  test('[S0-13] says yes to each of its values and to no other, and nothing of a customer without one', async () => {
    const { id } = await gated()
    await push('usr_a', { zip: ['94105', '10115'] })
    expect(await Promise.all(['94105', '94105-2000', 'D-10115', '94106', ''].map((zip) => matches(id, 'usr_a', zip)))).toEqual([
      true,
      true,
      true,
      false,
      false,
    ])
    expect(await matches(id, 'usr_none', '94105')).toBe(false)
    await deleteFacts(parts, order, { user: 'usr_a', names: ['zip'] })
    expect(await matches(id, 'usr_a', '94105')).toBe(false)
  })

  describe('of a phone number', () => {
    let id = ''
    beforeAll(async () => {
      id = (await gated({ facts: ['phone'], asked: { ...ASKED, kinds: ['phone'] } })).id
    })
    const said = (user: string, phone: string): Promise<boolean> => {
      const answers = new Map([['phone', Buffer.from(phone)]])
      return matchFacts(parts, order, { capabilityId: id, user, names: [], answers, version: ASKED.version, how: 'api' })
    }

    test('[S0-13] is right with and without its country, whichever of both has it', async () => {
      await push('usr_p', { phone: ['+1 415 555 0100', '030 1234567'] })
      for (const phone of ['(415) 555-0100', '+1 415.555.0100', '030 / 123 45 67', '+49 30 1234567'])
        expect(await said('usr_p', phone), phone).toBe(true)
      for (const phone of ['555 0100', '+44 415 555 0100', '+49 30 1234568', 'none']) expect(await said('usr_p', phone), phone).toBe(false)
    })

    test('[S0-13] is right as it was where its record was written before there were forms without a country', async () => {
      const bytes = (hex: string): Uint8Array => Buffer.from(hex, 'hex')
      const digests = {
        text: bytes('acc5178158ad7abd21232164acfd4e39a4c6607e66b5673cef9974fc6917e5c2'),
        phone: bytes('29a8a3efaac5146e5123726b6d67b96fa6d8c4f8e9aa23a05949d296f330959b'),
        postal_code: bytes('7514f249eb638bcbee3d43f2fbcc7a0396959cfd6fce257502c03dce21cc78bf'),
        order_number: bytes('19ac4bce9ff6f85c94509756bd507f3d8592274fe6c117ada2e8aff6876efe0d'),
        digits: bytes('b57bd4d3e1a944e884fa5b0ef491b4ea7c284729bf03c41cf7a1444e49f3c64c'),
        date: bytes('7b91621200a66cf272c0dd08d433a885026bf56d31c9b33f09ee04dece46e4b7'),
      }
      const docs = await parts.store.collection<FactRecord>({ name: 'vault_fact_records', indexes: [] })
      await docs.insert({
        id: 'e3371a5a230f8cbd6dd85205b78f963b2c017682b8a0265f43d63bf6db5f1aae',
        v: 1,
        project: PROJECT,
        user: 'usr_old',
        facts: [{ name: 'phone', values: [digests] }],
        updatedAt: new Date(0),
        mac: bytes('79b84aa403b03262c9b190c32a3a0e5717df929c97de7c38a4bfc1a252f99e54'),
      })
      for (const phone of ['+49 30 1234567', '0049 (30) 123 45 67']) expect(await said('usr_old', phone), phone).toBe(true)
      expect(await said('usr_old', '+49 30 1234568')).toBe(false)
      await putFacts(parts, order, { records: [{ user: 'usr_old', facts: new Map([['zip', [Buffer.from('94105')]]]) }], merge: true })
      expect(await said('usr_old', '+49 30 1234567')).toBe(true)
    })
  })

  test('[S0-13] shows in the store neither a value, nor a hash that could be tried, nor who has the same', async () => {
    await push('usr_b', { zip: ['94105'] })
    await push('usr_c', { zip: ['94105'] })
    const [one, other] = (await stored()).filter(({ user }) => user === 'usr_b' || user === 'usr_c')
    const digests = [one, other].map((doc) => Buffer.from(doc?.facts[0]?.values[0]?.postal_code ?? []).toString('hex'))
    expect(digests[0]).toHaveLength(64)
    expect(digests[0]).not.toBe(digests[1])
    const unkeyed = createHmac('sha256', '')
      .update(JSON.stringify(['usr_b', 'zip', 'postal_code', '94105']))
      .digest('hex')
    expect(digests).not.toContain(unkeyed)
  })

  test('[S0-13] that a storage writer gave to somebody else, or altered, is worth nothing', async () => {
    const { id } = await gated()
    await push('usr_d', { zip: ['94105'] })
    await push('usr_e', { zip: ['00000'] })
    const [d, e] = ['usr_d', 'usr_e'].map(async (user) => (await stored()).find((doc) => doc.user === user))
    const [mine, his] = [await d, await e]
    await write('vault_fact_records', his?.id ?? '', { facts: mine?.facts })
    await expect(matches(id, 'usr_e', '94105')).rejects.toMatchObject({ code: 'CREDENTIAL_QUARANTINED' })
    await push('usr_e', { zip: ['00000'] }, true)
    expect([await matches(id, 'usr_e', '94105'), await matches(id, 'usr_e', '00000')]).toEqual([false, true])
  })

  test('[S0-13] wipes what was pushed and what was answered', async () => {
    const { id } = await gated()
    const [value, answer] = [Buffer.from('94105'), Buffer.from('94105')]
    await putFacts(parts, order, { records: [{ user: 'usr_f', facts: new Map([['zip', [value]]]) }], merge: false })
    const answers = new Map([['zip', answer]])
    expect(await matchFacts(parts, order, { capabilityId: id, user: 'usr_f', names: [], answers, version: 1, how: 'api' })).toBe(true)
    expect([...value, ...answer].every((byte) => byte === 0)).toBe(true)
  })

  test('[S0-13] is compared under what is asked now alone', async () => {
    const { id } = await gated({ asked: { ...ASKED, version: 3 } })
    await expect(matches(id, 'usr_a', '94105')).rejects.toMatchObject({ code: 'CONFLICT' })
    const { id: free } = await gated({ level: 'none', facts: [] })
    await expect(matches(free, 'usr_a', '94105')).rejects.toMatchObject({ code: 'CONFLICT' })
  })
})

test('[S0-15] a gate as it was stored before there were passes is read, and stays shut', async () => {
  const { asked: _asked, ...gate } = (await gated()).gate
  const doc = await gated({})
  await setCapability(parts, order, { ...doc, generation: 2, gate })
  const docs = await parts.store.collection<CapabilityDoc>({ name: 'vault_capabilities', indexes: [] })
  const { mac, ...stored } = (await docs.get(doc.id))!
  const canonical = [doc.id, PROJECT, 2, 'active', 'full_access', [], [], ['basic', ['zip'], false], credentialId, '']
  const former = createHmac('sha256', Buffer.alloc(32, 1))
    .update(JSON.stringify(['vault_capabilities', ...canonical]))
    .digest()
  expect([Buffer.from(mac).equals(former), 'asked' in stored.gate]).toEqual([true, false])
  await grant(doc.id)
  expect(await checked(doc.id)).toBe('IDENTITY_REQUIRED')
})

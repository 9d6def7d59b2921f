import { createSecretKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isCoded } from '@credence/errors'
import { systemRandom } from '@credence/service'
import { seededRandom } from '@credence/testkit'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ProjectKey, ProjectKeys } from '../keys/project-keys.ts'
import { closeBox, openBox, openLongBox } from './aead.ts'
import type { Sealed } from './child.ts'
import { type Binding, createEnvelope, type FenceFields, sameFence } from './envelope.ts'
import { packFields, unpackFields } from './secret-fields.ts'

/** Project keys in memory, as many as there were rotations. */
function keyRing(bytes: (number: number) => Uint8Array): ProjectKeys & { turn(): void } {
  let newest = 1
  const keyOf = (id: string): ProjectKey => ({ id, key: createSecretKey(Buffer.from(bytes(Number(id.split(':')[1])))) })
  const current = async (project: string): Promise<ProjectKey> => keyOf(`${project}:${newest}`)
  return {
    current,
    first: async (project) => keyOf(`${project}:1`),
    byId: async (id) => keyOf(id),
    rotate: current,
    retire: async () => undefined,
    holding: (work) => work(),
    settled: async () => undefined,
    turn: () => void newest++,
  }
}

const random = seededRandom('envelope')
const keys = keyRing((number) => Buffer.alloc(32, number))
const envelope = createEnvelope(keys, random)
const binding: Binding = { project: 'proj_a', credential: 'cred_a', version: 3, kind: 'secret', recipe: 'rcp_a', hosts: 'h' }
const fence: FenceFields = {
  generation: 4,
  state: 'active',
  reason: '',
  owner: ['usr_a', 'id:ann'],
  shares: [{ names: ['id:bob'], permission: 'use' }],
}

async function refusal(sealed: Sealed, at: Binding): Promise<string> {
  try {
    using dataKey = await envelope.dataKey(sealed, at)
    return (await dataKey.open(sealed, at)).toString('latin1')
  } catch (error) {
    return isCoded(error) ? error.code : String(error)
  }
}

async function sealText(text: string, at = binding): Promise<Sealed> {
  const { sealed, dataKey } = await envelope.seal(Buffer.from(text), at)
  dataKey[Symbol.dispose]()
  return sealed
}

describe('[B-7] the envelope', () => {
  test('gives back what was sealed, whatever it was', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string({ minLength: 1 }), fc.uint8Array({ maxLength: 300 })), async (fields) => {
        const given = new Map(Object.entries(fields))
        const { sealed, dataKey } = await envelope.seal(packFields(given), binding)
        dataKey[Symbol.dispose]()
        using again = await envelope.dataKey(sealed, binding)
        const back = unpackFields(await again.open(sealed, binding))
        expect([...back].map(([name, value]) => [name, [...value]])).toEqual([...given].map(([name, value]) => [name, [...value]]))
      }),
      { numRuns: 200 },
    )
  })

  test('seals under a fresh key and nonce each time, and wipes what it was given, also when it fails', async () => {
    const plain = Buffer.from('secret-1')
    const [a, b] = [await envelope.seal(plain, binding), await sealText('secret-1')]
    expect(plain.every((byte) => byte === 0)).toBe(true)
    expect(Buffer.compare(a.sealed.box, b.box)).not.toBe(0)
    expect(Buffer.compare(a.sealed.commitment, b.commitment)).not.toBe(0)
    const failing = createEnvelope({ ...keys, current: async () => Promise.reject(new TypeError('no key')) }, random)
    const lost = Buffer.from('secret-2')
    await expect(failing.seal(lost, binding)).rejects.toThrow('no key')
    expect(lost.every((byte) => byte === 0)).toBe(true)
  })

  test('opens nothing when one bit of one byte is another', async () => {
    const sealed = await sealText('a secret of some length')
    for (const name of ['box', 'wrappedDek', 'commitment'] as const) {
      for (let at = 0; at < sealed[name].length; at++) {
        const bytes = Uint8Array.from(sealed[name])
        bytes[at]! ^= 1 << (at % 8)
        expect(await refusal({ ...sealed, [name]: bytes }, binding)).toBe('CREDENTIAL_QUARANTINED')
      }
    }
  })

  test('opens nothing in another place: project, credential, version, kind, recipe or hosts', async () => {
    const sealed = await sealText('secret')
    const elsewhere: Partial<Binding>[] = [
      { project: 'proj_b' },
      { credential: 'cred_b' },
      { version: 4 },
      { kind: 'candidate:cand_a' },
      { recipe: 'rcp_b' },
      { hosts: 'i' },
    ]
    for (const change of elsewhere) expect(await refusal(sealed, { ...binding, ...change })).toBe('CREDENTIAL_QUARANTINED')
    expect(await refusal(sealed, binding)).toBe('secret')
  })

  test('refuses tags of 4 to 15 bytes, which GCM would take', () => {
    const context = { key: Buffer.alloc(32, 1), aad: Buffer.from('aad') }
    const box = closeBox(Buffer.alloc(0), context, Buffer.alloc(12))
    expect(openBox(box, context)).toHaveLength(0)
    for (let tag = 0; tag < 16; tag++) expect(() => openBox(box.subarray(0, 12 + tag), context)).toThrow()
  })

  test('opens boxes of every length to the same bytes, in pieces and whole, and none that was altered', async () => {
    const context = { key: Buffer.alloc(32, 1), aad: Buffer.from('aad') }
    for (const length of [0, 1, 14, 15, 16, 30, 511, 512, 513, 5000]) {
      const plain = Buffer.alloc(length, 'plain')
      const box = closeBox(plain, context, Buffer.alloc(12, length))
      expect(openBox(box, context).equals(plain)).toBe(true)
      expect((await openLongBox(box, context)).equals(plain)).toBe(true)
      for (const at of [0, 12, box.byteLength - 1]) {
        const altered = Buffer.from(box)
        altered[at]! ^= 1
        expect(() => openBox(altered, context)).toThrow(expect.objectContaining({ code: 'CREDENTIAL_QUARANTINED' }))
        await expect(openLongBox(altered, context)).rejects.toMatchObject({ code: 'CREDENTIAL_QUARANTINED' })
      }
      await expect(openLongBox(box, { ...context, aad: Buffer.from('other') })).rejects.toMatchObject({ code: 'CREDENTIAL_QUARANTINED' })
    }
  })

  test('a key that opens two boxes is refused by its commitment', async () => {
    const [mine, other] = [await sealText('mine'), await sealText('other')]
    expect(await refusal({ ...other, commitment: mine.commitment }, binding)).toBe('CREDENTIAL_QUARANTINED')
  })

  test('is wrapped anew under the newest project key, and its box stays as it is', async () => {
    const sealed = await sealText('secret')
    keys.turn()
    const rewrapped = await envelope.rewrap(sealed, binding)
    expect([rewrapped.projectKeyId, rewrapped.box]).toEqual(['proj_a:2', sealed.box])
    expect(await refusal(rewrapped, binding)).toBe('secret')
    expect(await envelope.rewrap(rewrapped, binding)).toBe(rewrapped)
    expect(await envelope.rewrap({ ...sealed, wrappedDek: new Uint8Array(60) }, binding)).toMatchObject({
      projectKeyId: sealed.projectKeyId,
    })
  })

  test('signs a fence under its own secret: no member of it, and no other version’s MAC, can be exchanged', async () => {
    const { dataKey } = await envelope.seal(Buffer.from('one'), binding)
    const { dataKey: next } = await envelope.seal(Buffer.from('two'), { ...binding, version: 4 })
    const mac = dataKey.fenceMac(binding, fence)
    const others: Partial<FenceFields>[] = [
      { generation: 5 },
      { channels: [{ consumer: 'csmr_a', channel: 'chat', nativeId: '1' }] },
      { state: 'disabled' },
      { reason: 'x' },
      { owner: ['usr_a'] },
      { owner: ['id:ann', 'usr_a'] },
      { shares: [] },
      { shares: [{ names: ['id:bob'], permission: 'manage' }] },
      { gates: ['cap_a'] },
      { capabilities: ['cap_a'] },
    ]
    for (const change of others) expect(dataKey.fenceMac(binding, { ...fence, ...change }).equals(mac)).toBe(false)
    expect(dataKey.fenceMac({ ...binding, credential: 'cred_b' }, fence).equals(mac)).toBe(false)
    expect(next.fenceMac(binding, fence).equals(mac)).toBe(false)
    expect(dataKey.fenceMac(binding, { ...fence }).equals(mac)).toBe(true)
    // As it was signed before there were channels.
    expect(dataKey.fenceMac(binding, { ...fence, channels: [] }).equals(mac)).toBe(true)
    expect(sameFence(fence, JSON.parse(JSON.stringify(fence)))).toBe(true)
    expect(sameFence(fence, { ...fence, generation: 5 })).toBe(false)
    // Fences of before capabilities say neither, and their MACs stand.
    expect(dataKey.fenceMac(binding, { ...fence, gates: [], capabilities: [] }).equals(mac)).toBe(true)
  })
})

interface Vector {
  readonly about: string
  readonly projectKey: string
  readonly binding: Binding
  readonly fields: Readonly<Record<string, string>>
  readonly fence: FenceFields
  readonly sealed: Readonly<Record<'alg' | 'projectKeyId' | 'wrappedDek' | 'box' | 'commitment', string>>
  readonly fenceMac: string
}

describe('[B-7] the sealed format', () => {
  const file = new URL('../../test/vectors/sealed.json', import.meta.url)
  const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as { vectors: Vector[] }

  test.each(vectors)('opens what was written before: $about', async (vector) => {
    const old = createEnvelope(
      keyRing(() => Buffer.from(vector.projectKey, 'hex')),
      systemRandom,
    )
    const bytes = (name: 'wrappedDek' | 'box' | 'commitment'): Buffer => Buffer.from(vector.sealed[name], 'hex')
    const sealed: Sealed = {
      alg: 'A256GCM',
      projectKeyId: vector.sealed.projectKeyId,
      wrappedDek: bytes('wrappedDek'),
      box: bytes('box'),
      commitment: bytes('commitment'),
    }
    using dataKey = await old.dataKey(sealed, vector.binding)
    const fields = unpackFields(await dataKey.open(sealed, vector.binding))
    expect(Object.fromEntries([...fields].map(([name, value]) => [name, value.toString('hex')]))).toEqual(vector.fields)
    expect(dataKey.fenceMac(vector.binding, vector.fence).toString('hex')).toBe(vector.fenceMac)
  })
})

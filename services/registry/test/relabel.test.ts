import { callAs } from '@credence/rpc'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeOf, connected, type Person, Platform, provider } from './platform.ts'

let platform: Platform
let ann: Person
let credentialId: string

beforeAll(async () => {
  platform = await Platform.start()
  ann = await platform.person('id:ann')
  credentialId = await connected(platform, ann, { providerId: await provider(platform), label: 'first' })
})
afterAll(() => platform.stop())

const relabel = async (wanted: { label?: string; tags?: Record<string, string>; replaceTags?: boolean }) =>
  (await ann.gateway.relabel({ credentialId, ...wanted }, callAs(ann.principal))).credential

describe('label and tags', () => {
  test('are changed one by one, and replaced whole only on demand', async () => {
    expect(await relabel({ tags: { team: 'a', env: 'test' } })).toMatchObject({ label: 'first' })
    expect(await relabel({ label: 'second', tags: { team: 'b' } })).toMatchObject({ label: 'second', tags: { team: 'b', env: 'test' } })
    expect((await relabel({ tags: { only: 'this' }, replaceTags: true }))?.tags).toEqual({ only: 'this' })
  })

  test('never touch the fence and are no fact, because nobody acts on a name', async () => {
    const generation = platform.vault.fence(credentialId)?.generation
    const calls = platform.vault.log.length
    await relabel({ label: 'third' })
    expect(platform.vault.log).toHaveLength(calls)
    expect(platform.vault.fence(credentialId)?.generation).toBe(generation)
  })

  test('that are too long, too many or of several lines are refused with every fault', async () => {
    const many = Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`tag-${i}`, '']))
    const refused = await relabel({ label: 'two\nlines', tags: { ...many, long: 'x'.repeat(257) } }).catch((error: unknown) => error)
    const { faults } = (refused as { details: { faults: { pointer: string }[] } }).details
    expect(faults.map(({ pointer }) => pointer)).toEqual(['/label', '/tags', '/tags'])
  })

  test('are counted together with those that are there already', async () => {
    const some = (prefix: string) => Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`${prefix}-${i}`, 'x']))
    await relabel({ tags: some('a'), replaceTags: true })
    expect(await codeOf(relabel({ tags: some('b') }))).toBe('INVALID_REQUEST')
    expect(await codeOf(relabel({ tags: some('b'), replaceTags: true }))).toBe('no error')
  })

  test('changed by ten callers at once keep every one of them', async () => {
    await relabel({ tags: {}, replaceTags: true })
    await Promise.all(Array.from({ length: 10 }, (_, i) => relabel({ tags: { [`tag-${i}`]: 'x' } })))
    const { credential } = await ann.gateway.get({ credentialId }, callAs(ann.principal))
    expect(Object.keys(credential?.tags ?? {})).toHaveLength(10)
  })
})

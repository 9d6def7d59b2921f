import { callAs } from '@credence/rpc'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeOf, connected, type Person, Platform, provider } from './platform.ts'

let platform: Platform
let ann: Person
let bob: Person
let bearer: string
let attention: string
const mine: string[] = []

beforeAll(async () => {
  platform = await Platform.start()
  ann = await platform.person('id:ann')
  bob = await platform.person('id:bob')
  bearer = await provider(platform)
  attention = await provider(platform, 'attention')
  for (let i = 0; i < 12; i++) {
    // Three in one millisecond, so that the order by id counts too.
    if (i % 3 === 0) platform.clock.jumpWall(1)
    const level = i % 4 === 1 ? 'project' : 'user'
    mine.push(await connected(platform, i % 4 === 3 ? bob : ann, { providerId: i % 2 === 0 ? bearer : attention, level }))
  }
  const shared = mine[3] ?? ''
  await bob.gateway.share({ credentialId: shared, with: 'id:ann', permission: 'use' }, callAs(bob.principal))
})
afterAll(() => platform.stop())

async function pages(who: Person, pageSize: number, filter: { providerId?: string; status?: string } = {}): Promise<string[]> {
  const ids: string[] = []
  let pageToken = ''
  do {
    const page = await who.gateway.list({ pageSize, pageToken, ...filter }, callAs(who.principal))
    expect(page.credentials.length).toBeLessThanOrEqual(pageSize)
    ids.push(...page.credentials.map(({ id }) => id))
    pageToken = page.nextPageToken
  } while (pageToken !== '')
  return ids
}

describe('a list', () => {
  test.each([1, 2, 5, 200])('in pages of %i has everything visible once, by time and id', async (pageSize) => {
    const { credentials } = await ann.gateway.list({}, callAs(ann.principal))
    const keys = credentials.map(({ createdAt, id }) => `${createdAt?.toISOString()} ${id}`)
    expect(keys).toEqual([...keys].sort())
    // Ann's own nine, and the one of Bob's that is shared with her.
    expect(await pages(ann, pageSize)).toEqual(credentials.map(({ id }) => id))
    expect(credentials).toHaveLength(10)
    expect(credentials.map(({ id }) => id)).toContain(mine[3])
  })

  test('of somebody else has his own and the project credentials', async () => {
    const own = mine.filter((_, i) => i % 4 === 3 || i % 4 === 1)
    expect((await pages(bob, 4)).sort()).toEqual([...own].sort())
  })

  test('filtered by provider and status has what matches, page by page', async () => {
    expect(await pages(ann, 2, { providerId: bearer })).toEqual((await pages(ann, 200)).filter((id) => mine.indexOf(id) % 2 === 0))
    await ann.gateway.disable({ credentialId: mine[0] ?? '' }, callAs(ann.principal))
    expect(await pages(ann, 2, { status: 'disabled' })).toEqual([mine[0]])
  })

  test('goes on behind its last entry when that one is deleted in between', async () => {
    const all = await pages(ann, 200)
    const first = await ann.gateway.list({ pageSize: 3 }, callAs(ann.principal))
    const last = first.credentials.at(-1)?.id ?? ''
    platform.clock.jumpWall(1)
    const credentialId = await connected(platform, ann, { providerId: bearer })
    await ann.gateway.delete({ credentialId: last }, callAs(ann.principal))
    const second = await ann.gateway.list({ pageSize: 200, pageToken: first.nextPageToken }, callAs(ann.principal))
    expect(second.credentials.map(({ id }) => id)).toEqual([...all.slice(3), credentialId])
  })

  test('asked for more than 200 gives 200 at most, and 50 when nothing is asked', async () => {
    const { nextPageToken, keys } = await platform.caller(platform.firstKey).listKeys({ pageSize: 1000 })
    expect([nextPageToken, keys.length]).toEqual(['', 1])
  })
})

describe('a page token', () => {
  const token = async () => (await ann.gateway.list({ pageSize: 2 }, callAs(ann.principal))).nextPageToken

  test('that was altered anywhere is refused', async () => {
    const good = await token()
    for (const at of [0, 10, good.length - 2]) {
      const bad = `${good.slice(0, at)}${good[at] === 'A' ? 'B' : 'A'}${good.slice(at + 1)}`
      expect(await codeOf(ann.gateway.list({ pageToken: bad }, callAs(ann.principal)))).toBe('INVALID_PAGE_TOKEN')
    }
    for (const bad of ['x', good.slice(0, 8), `${good}AAAA`]) {
      expect(await codeOf(ann.gateway.list({ pageToken: bad }, callAs(ann.principal)))).toBe('INVALID_PAGE_TOKEN')
    }
  })

  test('of one list, one viewer and one filter is refused by every other', async () => {
    const good = await token()
    const others = [
      bob.gateway.list({ pageToken: good }, callAs(bob.principal)),
      ann.gateway.list({ pageToken: good, status: 'active' }, callAs(ann.principal)),
      ann.gateway.listProviders({ pageToken: good }, callAs(ann.principal)),
      ann.gateway.listConsumers({ credentialId: mine[8] ?? '', pageToken: good }, callAs(ann.principal)),
    ]
    expect(await Promise.all(others.map(codeOf))).toEqual(others.map(() => 'INVALID_PAGE_TOKEN'))
  })

  test('is good after a restart of the registry', async () => {
    const good = await token()
    await platform.stopRegistry()
    await platform.startRegistry()
    const gateway = platform.as('gateway')
    expect(await codeOf(gateway.list({ pageToken: good }, callAs(ann.principal)))).toBe('no error')
  })
})

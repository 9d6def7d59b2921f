import { Use } from '@credence/proto/uses'
import { callAs } from '@credence/rpc'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeOf, connected, type Person, Platform, provider } from './platform.ts'

let platform: Platform
let ann: Person
let credentialId: string

beforeAll(async () => {
  platform = await Platform.start()
  ann = await platform.person('id:ann')
  credentialId = await connected(platform, ann, { providerId: await provider(platform), account: { id: 'acc-1', name: 'Ann' } })
})
afterAll(() => platform.stop())

/** Uses as the vault's log gives them: newest first. */
function uses(count: number, at: (i: number) => number, subject = 'key_1'): Use[] {
  return Array.from({ length: count }, (_, i) =>
    Use.fromPartial({
      id: `use-${String(i).padStart(4, '0')}`,
      at: new Date(at(i)),
      action: 'send',
      subject,
      outcome: 'ok',
      httpStatus: 200,
    }),
  )
}

async function everything(pageSize: number) {
  const entries = []
  let pageToken = ''
  do {
    const page = await ann.gateway.listHistory({ credentialId, pageSize, pageToken }, callAs(ann.principal))
    expect(page.entries.length).toBeLessThanOrEqual(pageSize)
    entries.push(...page.entries)
    pageToken = page.nextPageToken
  } while (pageToken !== '')
  return entries
}

describe('the execution history', () => {
  test('[S0-12] has calls, background refreshes and changes in one list, newest first, without a token', async () => {
    const now = platform.clock.now()
    platform.vault.uses = [
      Use.fromPartial({
        id: 'u2',
        at: new Date(now + 2),
        action: 'refresh',
        subject: 'service:token-refresher',
        outcome: 'TOKEN_ENDPOINT_REFUSED',
        providerError: 'invalid_grant',
      }),
      Use.fromPartial({
        id: 'u1',
        at: new Date(now + 1),
        action: 'send',
        subject: 'key_1',
        user: 'id:ann',
        outcome: 'ok',
        httpStatus: 200,
      }),
    ]
    const entries = await everything(50)
    expect(entries.map(({ action, actor, outcome }) => [action, actor, outcome])).toEqual([
      ['refresh', 'platform', 'TOKEN_ENDPOINT_REFUSED'],
      ['call', 'key_1', 'ok'],
      ['connect', ann.principal.subject, 'ok'],
    ])
    expect(entries[0]?.providerError).toBe('invalid_grant')
  })

  test('[S0-12] has the connect that was refused, with its code', async () => {
    const candidateId = platform.vault.seal(credentialId, platform.project)
    await codeOf(ann.gateway.connect({ credentialId, candidateId, account: { id: 'acc-2', name: 'Other' } }, callAs(ann.principal)))
    const entries = await everything(50)
    expect(entries.some(({ action, outcome }) => action === 'connect' && outcome === 'ACCOUNT_MISMATCH')).toBe(true)
  })

  test.each([
    ['each its own time', (i: number) => 1_000_000 - i],
    ['many in one millisecond', (i: number) => 1_000_000 - Math.floor(i / 7)],
  ])('[S0-12] comes page by page without a gap or a repetition: %s', async (_, at) => {
    platform.vault.uses = uses(40, at)
    const ids = (await everything(5)).map(({ id }) => id).filter((id) => id.startsWith('use-'))
    expect(ids).toHaveLength(40)
    expect(new Set(ids).size).toBe(40)
  })

  test('[S0-12] goes on at the same place when new uses come in between two pages', async () => {
    const old = uses(20, (i) => 1_000_000 - i)
    platform.vault.uses = old
    const first = await ann.gateway.listHistory({ credentialId, pageSize: 8 }, callAs(ann.principal))
    platform.vault.uses = [...uses(30, (i) => 2_000_000 - i).map((use) => ({ ...use, id: `new-${use.id}` })), ...old]
    const shown = first.entries.map(({ id }) => id)
    let pageToken = first.nextPageToken
    while (pageToken !== '') {
      const page = await ann.gateway.listHistory({ credentialId, pageSize: 8, pageToken }, callAs(ann.principal))
      shown.push(...page.entries.map(({ id }) => id))
      pageToken = page.nextPageToken
    }
    expect(shown.filter((id) => id.startsWith('use-'))).toEqual(old.map(({ id }) => id))
    expect(shown.some((id) => id.startsWith('new-'))).toBe(false)
  })

  test('is read by whoever may use the credential and by nobody else', async () => {
    platform.vault.uses = []
    const bob = await platform.person('id:bob')
    const read = () => codeOf(bob.gateway.listHistory({ credentialId }, callAs(bob.principal)))
    expect(await read()).toBe('NOT_FOUND')
    await ann.gateway.share({ credentialId, with: 'id:bob', permission: 'use' }, callAs(ann.principal))
    expect(await read()).toBe('no error')
  })
})

describe('[B-9] what services report', () => {
  const credential = async () => (await ann.gateway.get({ credentialId }, callAs(ann.principal))).credential

  test('[B-9] the credential tells when it was last used and what failed last, whatever the order of the reports', async () => {
    const vault = platform.as('vault')
    const at = (s: number) => new Date(1_800_000_000_000 + s * 1000)
    await vault.reportUse({ uses: [{ credentialId, lastUsedAt: at(5), lastError: { code: 'UPSTREAM_TIMEOUT', at: at(5) } }] })
    await vault.reportUse({ uses: [{ credentialId, lastUsedAt: at(2), lastError: { code: 'THROTTLED', at: at(2) } }] })
    expect(await credential()).toMatchObject({ lastUsedAt: at(5), lastError: { code: 'UPSTREAM_TIMEOUT', at: at(5) } })
    await vault.reportUse({ uses: [{ credentialId: `cred_${'0'.repeat(26)}`, lastUsedAt: at(9) }] })
  })

  test('[B-9] it tells when it was last verified, its health and its end; `refreshing` is never kept', async () => {
    const verifier = platform.as('verifier')
    const verifiedAt = new Date(1_800_000_000_000)
    const expiresAt = new Date(1_900_000_000_000)
    await verifier.reportHealth({
      credentialId,
      version: 1,
      health: 'in_doubt',
      verifiedAt,
      expiresAt,
      account: { id: 'acc-1', name: 'Ann B.' },
    })
    expect(await credential()).toMatchObject({ health: 'in_doubt', lastVerifiedAt: verifiedAt, expiresAt, account: { name: 'Ann B.' } })
    await verifier.reportHealth({ credentialId, version: 1, health: 'refreshing' })
    expect((await credential())?.health).toBe('in_doubt')
    expect(await codeOf(verifier.reportHealth({ credentialId, version: 1, health: 'fine' }))).toBe('INVALID_REQUEST')
  })

  test('[B-9] a grant that is being refreshed says so while it lasts, and a refresher that is away holds up nobody', async () => {
    const grant = await connected(platform, ann, { providerId: await provider(platform, 'asana') })
    const health = async () => (await ann.gateway.get({ credentialId: grant }, callAs(ann.principal))).credential?.health
    platform.refresher.inFlight.add(grant)
    expect(await health()).toBe('refreshing')
    platform.refresher.inFlight.clear()
    expect(await health()).toBe('ok')
    await platform.refresher.stop()
    expect(await health()).toBe('ok')
  })

  test('[B-9] a report about an older secret, or about another account, changes nothing', async () => {
    const refresher = platform.as('token-refresher')
    await refresher.reportHealth({ credentialId, version: 3, health: 'ok' })
    await refresher.reportHealth({ credentialId, version: 2, health: 'throttled', account: { id: 'acc-9', name: 'Eve' } })
    await refresher.reportHealth({ credentialId, version: 3, health: '', account: { id: 'acc-9', name: 'Eve' } })
    expect(await credential()).toMatchObject({ health: 'ok', account: { id: 'acc-1' } })
  })
})

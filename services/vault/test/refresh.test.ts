import { callAs } from '@credence/rpc'
import { judgeLedger } from '@credence/testkit'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { registerClient, setAccess } from './connecting.ts'
import { type GrantWorld, startGrantWorld } from './grants.ts'
import { codeOf } from './harness.ts'
import { call } from './outside.ts'

let world: GrantWorld
/** Token requests before the test. */
let before = 0

/** One world for all tests of a block: each test has a grant of its own. */
function inWorld(serverClass: Parameters<typeof startGrantWorld>[0]): void {
  beforeAll(async () => {
    world = await startGrantWorld(serverClass)
  })
  beforeEach(() => {
    world.outside.as.behave({})
    before = world.posts()
  })
  afterAll(() => world.close())
}
const posts = (): number => world.posts() - before

const statusOf = async (id: string): Promise<number> => (await call(world.harness.vault, id, '/x', { key: world.key })).status

describe.each(['static', 'grace', 'reject', 'strict'] as const)('a %s server', (serverClass) => {
  inWorld(serverClass)

  test('[B-1] [S2-8] gives a new version, told once, and the old one is not asked for again', async () => {
    const id = await world.grant()
    const answer = await world.refresh(id, 1)
    expect([answer.outcome, answer.version, answer.answerKind]).toEqual(['refreshed', 2, 'tokens'])
    expect((await world.refresh(id, 1)).outcome).toBe('moved')
    expect(await statusOf(id)).toBe(200)
    const [fact] = await world.harness.heard('credential.refreshed', id)
    expect(fact?.data).toMatchObject({ version: 2, previous_version: 1 })
    expect(posts()).toBe(1)
  })

  test('[B-1] an answer that is lost leaves a doubt that only the class may end', async () => {
    const id = await world.grant()
    world.outside.as.behave({ cut: 'no_answer', times: 1 })
    const lost = await world.refresh(id)
    expect([lost.outcome, lost.answerKind, lost.openIntent]).toEqual(['failed', 'lost', true])
    expect(await statusOf(id)).toBe(200)
    await world.harness.clock.advance(26_000)
    const again = await world.refresh(id)
    const posted = { static: 'refreshed', grace: 'refreshed', reject: 'failed', strict: 'in_doubt' }[serverClass]
    expect(again.outcome).toBe(posted)
    expect(posts()).toBe(serverClass === 'strict' ? 1 : 2)
    expect(judgeLedger(world.outside.as.ledger()).familiesRevokedByReuse).toBe(0)
  })

  test('[B-1] a connection that is cut before anything was carried out is repeated without harm', async () => {
    const id = await world.grant()
    world.outside.as.behave({ answer: 'rate_limited', retryAfter: '7', times: 1 })
    const throttled = await world.refresh(id)
    expect([throttled.outcome, throttled.httpStatus, throttled.retryAfterMs, throttled.openIntent]).toEqual(['failed', 429, 7000, false])
    expect((await world.refresh(id)).outcome).toBe('refreshed')
  })

  test('[B-1] HTML, `ok: false`, no expires_in and no refresh_token each mean what they mean', async () => {
    const id = await world.grant()
    const since = world.outside.as.ledger().length
    world.outside.as.behave({ answer: 'html', times: 1 })
    expect(await world.refresh(id)).toMatchObject({ outcome: 'failed', answerKind: 'unreadable', mayHoldToken: false, openIntent: false })
    world.outside.as.behave({ answer: 'ok_false', error: 'token_revoked', times: 1 })
    expect(await world.refresh(id)).toMatchObject({ outcome: 'failed', answerKind: 'error', errorCode: 'token_revoked', openIntent: false })
    world.outside.as.behave({ omit: ['refresh_token'], times: 1 })
    expect(await world.refresh(id)).toMatchObject({ outcome: 'refreshed', version: 2 })
    world.outside.as.behave({ omit: ['expires_in'], times: 1 })
    const unlimited = await world.refresh(id)
    expect([unlimited.outcome, unlimited.expiresAt]).toEqual(['refreshed', undefined])
    world.outside.as.behave({})
    expect(await world.refresh(id)).toMatchObject({ outcome: 'refreshed', version: 4 })
    expect(judgeLedger(world.outside.as.ledger(), since).spentReplays).toBe(0)
  })
})

describe('a refresh', () => {
  inWorld('strict')

  test('[B-1] asked for by 20 at once is one POST', async () => {
    const id = await world.grant()
    const answers = await Promise.all(Array.from({ length: 20 }, () => world.refresh(id, 1)))
    expect(new Set(answers.map(({ outcome }) => outcome))).toEqual(new Set(['refreshed']))
    expect(posts()).toBe(1)
  })

  test('[S2-9] of a revoked grant tells the server’s own code and keeps the credential for whoever judges', async () => {
    const id = await world.grant()
    world.outside.as.revokeGrants()
    const answer = await world.refresh(id)
    expect([answer.outcome, answer.errorCode, answer.httpStatus]).toEqual(['failed', 'invalid_grant', 400])
    const [fact] = await world.harness.heard('credential.refresh_failed', id)
    expect(fact?.data).toMatchObject({ outcome: 'error', upstream_error: 'invalid_grant', upstream_status: 400, client_id: world.clientId })
    const { tokens } = await world.harness
      .as('token-refresher')
      .listTokens({ credentialIds: [id] }, callAs(world.harness.order('token-refresher')))
    expect(tokens[0]).toMatchObject({ state: 'active', hasRefreshToken: true, lastRefresh: { errorCode: 'invalid_grant' } })
  })

  test('[S2-19] an error code that is no code is told as `other`', async () => {
    const id = await world.grant()
    const [token] = world.outside.as.tokens().filter((one) => one.startsWith('rt_'))
    world.outside.as.behave({ answer: 'oauth_error', error: token!, times: 1 })
    expect((await world.refresh(id)).errorCode).toBe('other')
    expect(JSON.stringify(world.harness.facts)).not.toContain(token)
  })

  test('[S1-13] after the client’s secret was rotated goes on with the new one, and says that it changed when it is refused', async () => {
    const id = await world.grant()
    expect(await registerClient(world.harness, world.clientId, 'a-wrong-secret')).toBe(2)
    expect(await world.refresh(id)).toMatchObject({ outcome: 'failed', errorCode: 'invalid_client', clientChanged: true })
    expect(await registerClient(world.harness, world.clientId)).toBe(3)
    expect(await world.refresh(id)).toMatchObject({ outcome: 'refreshed' })
  })

  test('that a disable overtakes before its first byte sends nothing, and the intent is closed', async () => {
    const id = await world.grant()
    const refreshing = Promise.all([world.refresh(id, 1), setAccess(world.harness, id, { generation: 2, state: 'disabled' })])
    const [answer] = await refreshing
    if (answer.outcome !== 'refreshed') {
      expect(posts()).toBe(0)
      expect(answer.openIntent).toBe(false)
    }
    expect((await world.refresh(id)).outcome).toBe('disabled')
    await setAccess(world.harness, id, { generation: 3 })
    expect(['refreshed', 'moved']).toContain((await world.refresh(id)).outcome)
  })

  test('lands on a tombstone: nothing is saved, and the new token is revoked at the provider', async () => {
    const id = await world.grant()
    world.outside.as.behave({ hold: true, times: 1 })
    const refreshing = world.refresh(id)
    await expect.poll(() => world.outside.as.held()).toBe(1)
    await world.harness.as('registry').destroy({ credentialId: id, consumers: [] }, callAs(world.harness.order()))
    world.outside.as.release()
    expect((await refreshing).outcome).toBe('moved')
    const [revoked] = world.outside.as.ledger().filter(({ kind }) => kind === 'revoke')
    expect(judgeLedger(world.outside.as.ledger()).families.get(revoked?.family ?? '')?.revokedBy).toBe('client')
  })

  test('[S2-20] of a credential of another project is not found, also while one is under way', async () => {
    const id = await world.grant()
    world.outside.as.behave({ hold: true, times: 1 })
    const refreshing = world.refresh(id)
    await expect.poll(() => world.outside.as.held()).toBe(1)
    const foreign = world.harness
      .as('registry')
      .refresh({ credentialId: id, expectedVersion: 0, cause: 'enable' }, callAs(world.harness.person(`proj_${'3'.repeat(26)}`)))
    expect(await codeOf(foreign)).toBe('NOT_FOUND')
    world.outside.as.release()
    expect((await refreshing).outcome).toBe('refreshed')
  })

  test('[S2-8] [B-1] when the vault is stopped in the middle of it, it lands before the vault is gone', async () => {
    const id = await world.grant()
    await world.harness.clock.advance(3_601_000)
    world.outside.as.behave({ hold: true, times: 1 })
    const gone = new AbortController()
    const calling = call(world.harness.vault, id, '/x', { key: world.key, signal: gone.signal }).catch(() => undefined)
    await expect.poll(() => world.outside.as.held()).toBe(1)
    gone.abort()
    await calling
    const stopping = world.harness.down()
    await new Promise((resolve) => setTimeout(resolve, 50))
    world.outside.as.release()
    await stopping
    await world.harness.up()
    expect(await statusOf(id)).toBe(200)
    expect(posts()).toBe(1)
  })

  test('[B-5] Revoke ends the grant where the provider says how, and leaves one that another credential shares', async () => {
    const id = await world.grant()
    const registry = world.harness.as('registry')
    const order = callAs(world.harness.order())
    expect((await registry.revoke({ credentialId: id, sharedGrant: true }, order)).outcome).toBe('left_shared_grant')
    await setAccess(world.harness, id, { generation: 2, state: 'disabled' })
    expect(await registry.revoke({ credentialId: id, sharedGrant: false }, order)).toMatchObject({ outcome: 'revoked', httpStatus: 200 })
    const family = [...judgeLedger(world.outside.as.ledger()).families.values()].at(-1)
    expect(family?.revokedBy).toBe('client')
    const [fact] = await world.harness.heard('credential.revoked', id)
    expect(fact?.data.outcome).toBe('revoked')
    const foreign = registry.revoke(
      { credentialId: id, sharedGrant: false },
      callAs(world.harness.order('registry', `proj_${'3'.repeat(26)}`)),
    )
    expect(await codeOf(foreign)).toBe('NOT_FOUND')
  })
})

test('[S2-8] a provider’s budget for one refresh token holds for schedule and callers alike, until it has room', async () => {
  const limited = await startGrantWorld('static', { refresh: { budget: { requests: 2, seconds: 600 } } })
  try {
    const id = await limited.grant()
    expect([(await limited.refresh(id)).outcome, (await limited.refresh(id)).outcome]).toEqual(['refreshed', 'refreshed'])
    const third = await limited.refresh(id)
    expect(third).toMatchObject({ outcome: 'waiting', waitUntil: new Date(limited.harness.clock.now() + 600_000) })
    limited.outside.api.accept(() => false)
    expect((await call(limited.harness.vault, id, '/x', { key: limited.key })).status).toBe(401)
    expect(limited.posts()).toBe(2)
    await limited.harness.clock.advance(600_000)
    expect((await limited.refresh(id)).outcome).toBe('refreshed')
  } finally {
    await limited.close()
  }
})

test('[B-1] [S2-18] an API that refuses each token as soon as it is made has three made, then one after pauses that grow', async () => {
  const refusing = await startGrantWorld('strict')
  const { as: server, api } = refusing.outside
  const callIt = async (): Promise<(string | number)[]> => {
    const { status, headers } = await call(refusing.harness.vault, id, '/x', { key: refusing.key })
    return [status, headers.get('credence-replayed') ?? '']
  }
  const id = await refusing.grant()
  const before = refusing.posts()
  const posts = (): number => refusing.posts() - before
  try {
    api.accept(() => false)
    for (let n = 1; n <= 3; n++) expect(await callIt()).toEqual([401, 'true'])
    for (let n = 1; n <= 5; n++) expect(await callIt()).toEqual([401, ''])
    expect(posts()).toBe(3)
    expect((await refusing.harness.heard('credential.refused', id, 3)).map(({ data }) => data.version)).toEqual([2, 3, 4])
    for (const [pause, total] of [
      [59_999, 3],
      [1, 4],
      [119_999, 4],
      [1, 5],
    ] as const) {
      await refusing.harness.clock.advance(pause)
      for (let n = 1; n <= 2; n++) expect((await callIt())[0]).toBe(401)
      expect(posts()).toBe(total)
    }
    expect((await refusing.refresh(id)).outcome).toBe('refreshed')
    api.accept(() => true)
    expect(await callIt()).toEqual([200, ''])
    // A version that was taken ends the row.
    const current = server.tokens().findLast((token) => token.startsWith('at_'))
    api.accept(({ token }) => token !== current)
    expect(await callIt()).toEqual([200, 'true'])
  } finally {
    await refusing.close()
  }
})

test('[S2-21] the end of a grant counts from its consent, whatever is refreshed meanwhile', async () => {
  const seven = await startGrantWorld('static', { refresh: { lifetime_days: 7 } })
  try {
    const id = await seven.grant()
    const ends = new Date(seven.harness.clock.now() + 7 * 86_400_000)
    const told = async () =>
      (await seven.harness.as('token-refresher').listTokens({ credentialIds: [id] }, callAs(seven.harness.order('token-refresher'))))
        .tokens[0]
    expect(await told()).toMatchObject({ grantEndsAt: ends })
    await seven.harness.clock.advance(86_400_000)
    expect((await seven.refresh(id)).outcome).toBe('refreshed')
    expect(await told()).toMatchObject({ version: 2, grantEndsAt: ends })
  } finally {
    await seven.close()
  }
})

test('[S2-9] a failure is told with the time by which it is known again in the list', async () => {
  const refused = await startGrantWorld('static')
  try {
    const id = await refused.grant()
    refused.outside.as.behave({ answer: 'oauth_error' })
    const { at } = await refused.refresh(id)
    const order = callAs(refused.harness.order('token-refresher'))
    const { tokens } = await refused.harness.as('token-refresher').listTokens({ credentialIds: [id] }, order)
    expect(at).toBeInstanceOf(Date)
    expect(tokens[0]?.lastRefresh?.at).toEqual(at)
  } finally {
    await refused.close()
  }
})

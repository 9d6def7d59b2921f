import type { HasOutbox } from '@credence/events'
import { systemRandom } from '@credence/service'
import { unmeasured } from '@credence/service/metrics'
import { type DocumentStore, openSqliteStore, type Stored } from '@credence/store'
import { TestClock, tempHome } from '@credence/testkit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ConnectSession } from './session.ts'
import { openSessions, SESSION_LIFE_MS, type SessionStore, unlessChanged } from './session-store.ts'

describe('the store of sessions', () => {
  const clock = new TestClock()
  let home: ReturnType<typeof tempHome>
  let store: DocumentStore
  let sessions: SessionStore
  let nudges = 0

  beforeEach(async () => {
    home = tempHome()
    store = await openSqliteStore({ file: `${home.path}/data.sqlite`, random: systemRandom })
    sessions = await openSessions({ store, clock, random: systemRandom, metrics: unmeasured, relay: () => ({ nudge: () => nudges++ }) })
  })
  afterEach(async () => {
    await store.close()
    home.remove()
  })

  async function started(change: Partial<ConnectSession> = {}): Promise<Stored<ConnectSession>> {
    const now = clock.now()
    const expiresAt = new Date(now + SESSION_LIFE_MS)
    const id = sessions.newId()
    const creator = { project: 'proj_1', subject: 'key_1', user: 'usr_1', userNames: ['id:ann'], roles: [], scopes: [], via: 'http' }
    const session = {
      id,
      project: 'proj_1',
      state: 'open',
      linkHashes: [`link-${id}`],
      creator,
      user: 'usr_1',
      providerId: 'prov_1',
      label: '',
      level: '',
    } as const
    return sessions.insert(
      { ...session, confirm: 'code', scopes: [], spentStates: [], createdAt: new Date(now), expiresAt, sweepAt: expiresAt, ...change },
      [{ type: 'session.started', data: { confirm: 'code' } }],
    )
  }

  /** What the relay does between a read and a write of ours. */
  async function relayed(session: Stored<ConnectSession>): Promise<Stored<ConnectSession>> {
    return sessions.collection.replace({ ...session, outbox: [], outboxSince: undefined } satisfies HasOutbox & ConnectSession, session.rev)
  }

  test('[B-8] a change survives the relay, which empties the outbox of the same document', async () => {
    const session = await started()
    await relayed(session)
    const changed = await sessions.change(session, { state: 'at_provider', stateHash: 'h' }, [
      { type: 'session.failed', data: { reason: 'x' } },
    ])
    expect(changed.state).toBe('at_provider')
    expect(changed.outbox.map(({ type, seq }) => [type, seq])).toEqual([['session.failed', 2]])
    expect(nudges).toBeGreaterThan(1)
  })

  test('[B-8] a change meets CONFLICT when somebody decided something else', async () => {
    const session = await started()
    await sessions.change(session, { state: 'cancelled' })
    await expect(sessions.change(session, { state: 'checking' })).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(await unlessChanged(sessions.change(session, { state: 'checking' }))).toBeUndefined()
    expect((await sessions.get(session.id))?.state).toBe('cancelled')
  })

  test('[B-8] a session is found by each of its links, and by its state under way or spent', async () => {
    const session = await started({ linkHashes: ['a', 'b'], stateHash: 'now', spentStates: ['before'] })
    for (const found of [sessions.byLink('a'), sessions.byLink('b'), sessions.byState('now'), sessions.byState('before')]) {
      expect((await found)?.id).toBe(session.id)
    }
    expect(await sessions.byState('never')).toBeUndefined()
  })

  test('[B-8] an ended session is kept a day for those who ask, then it is due', async () => {
    const session = await started()
    await sessions.change(session, { state: 'failed' })
    expect(await sessions.due(clock.now() + 23 * 3_600_000, 10)).toEqual([])
    expect((await sessions.due(clock.now() + 25 * 3_600_000, 10)).map(({ id }) => id)).toEqual([session.id])
  })

  test('[B-8] digits are looked for among the sessions of that user that wait for them', async () => {
    await started({ state: 'unconfirmed', user: 'usr_2' })
    await started({ state: 'unconfirmed', confirm: 'host' })
    await started({ state: 'open' })
    const waiting = await started({ state: 'unconfirmed' })
    expect((await sessions.unconfirmedOf('proj_1', 'usr_1')).map(({ id }) => id)).toEqual([waiting.id])
    await clock.advance(SESSION_LIFE_MS)
    expect(await sessions.unconfirmedOf('proj_1', 'usr_1')).toEqual([])
  })

  test('[B-8] who waits for a change is woken by it, not by another session', async () => {
    const [session, other] = [await started(), await started()]
    let woken = false
    const waiting = sessions.changed(session.id, 60_000).then(() => {
      woken = true
    })
    await sessions.change(other, { state: 'cancelled' })
    expect(woken).toBe(false)
    await sessions.change(session, { state: 'cancelled' })
    await waiting
    expect(woken).toBe(true)
  })
})

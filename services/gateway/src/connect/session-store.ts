import { isDeepStrictEqual } from 'node:util'
import { newId } from '@credence/credential'
import { CodedError, isCoded } from '@credence/errors'
import { addFacts, type NewFact, OUTBOX_INDEX, type Relay } from '@credence/events'
import type { Clock, Random } from '@credence/service'
import type { Metrics } from '@credence/service/metrics'
import type { Collection, CollectionSpec, DocumentStore, Stored } from '@credence/store'
import { type ConnectSession, hasEnded, stateAt } from './session.ts'

/** Thirty minutes: as long as the vault keeps the candidate. */
export const SESSION_LIFE_MS: number = 30 * 60_000
/** How long the end of a session can be read. */
const KEPT_MS = 24 * 3_600_000

/** More open windows than a person has; each is one more chance for a guess. */
const MAX_WAITING = 5

type Change = Partial<Omit<ConnectSession, 'id' | 'v'>>
type SessionFact = Extract<NewFact, { type: `session.${string}` }>

export interface SessionStore {
  readonly collection: Collection<ConnectSession>
  newId(): string
  insert(session: Omit<ConnectSession, 'v' | 'outbox' | 'factSeq'>, facts: readonly SessionFact[]): Promise<Stored<ConnectSession>>
  get(id: string): Promise<Stored<ConnectSession> | undefined>
  byLink(linkHash: string): Promise<Stored<ConnectSession> | undefined>
  /** By a `state` that is under way, or one that is spent. */
  byState(stateHash: string): Promise<Stored<ConnectSession> | undefined>
  /** The newest sessions of a user that wait for their six digits. */
  unconfirmedOf(project: string, user: string): Promise<readonly Stored<ConnectSession>[]>
  /** Writes a change with its facts if nobody changed the session since; throws CONFLICT when somebody did. */
  change(session: Stored<ConnectSession>, change: Change, facts?: readonly SessionFact[]): Promise<Stored<ConnectSession>>
  /** Sessions that the sweeper must look at, the longest waiting first. */
  due(now: number, limit: number): Promise<readonly Stored<ConnectSession>[]>
  /** Resolves when the session was changed here, or after `ms`; replicas are seen by looking again. */
  changed(id: string, ms: number, signal?: AbortSignal): Promise<void>
}

interface Parts {
  readonly store: DocumentStore
  readonly clock: Clock
  readonly random: Random
  readonly metrics: Metrics
  /** Asked at each write, because the relay starts after the collections that it reads. */
  readonly relay: () => Pick<Relay, 'nudge'>
}

export const SESSION_COLLECTION: CollectionSpec = {
  name: 'gateway_sessions',
  indexes: [
    { name: 'link', members: ['linkHashes'] },
    { name: 'state', members: ['stateHash'] },
    { name: 'spent', members: ['spentStates'] },
    { name: 'sweep', members: ['sweepAt'] },
    { name: 'user', members: ['project', 'user', 'createdAt'] },
    OUTBOX_INDEX,
  ],
}

/** Opens the collection of sessions. */
export async function openSessions({ store, clock, random, metrics, relay }: Parts): Promise<SessionStore> {
  const collection = await store.collection<ConnectSession>(SESSION_COLLECTION)
  const waiters = new Map<string, Set<() => void>>()
  const wake = (id: string): void => {
    for (const waiter of waiters.get(id) ?? []) waiter()
  }
  const withFacts = (session: ConnectSession, facts: readonly SessionFact[]): ConnectSession => {
    const context = { source: 'gateway', project: session.project, subject: session.id, now: clock.now(), random }
    return addFacts(session, facts, context)
  }
  const first = async (index: string, value: string): Promise<Stored<ConnectSession> | undefined> =>
    (await collection.find(index, { prefix: [value], limit: 1 })).docs[0]

  return {
    collection,
    newId: () => newId('sess', (count) => random.bytes(count)),
    async insert(session, facts) {
      const written = await collection.insert(withFacts({ ...session, v: 1, outbox: [], factSeq: 0 }, facts))
      metrics.count('credence_sessions_total', { state: 'started' })
      relay().nudge()
      return written
    },
    get: (id) => collection.get(id, { fresh: true }),
    byLink: (linkHash) => first('link', linkHash),
    byState: async (stateHash) => (await first('state', stateHash)) ?? (await first('spent', stateHash)),
    async unconfirmedOf(project, user) {
      const { docs } = await collection.find('user', { prefix: [project, user], reverse: true, limit: 50 })
      const waits = (session: ConnectSession): boolean => stateAt(session, clock.now()) === 'unconfirmed' && session.confirm === 'code'
      return docs.filter(waits).slice(0, MAX_WAITING)
    },
    async change(session, change, facts = []) {
      const next = { ...session, ...change }
      const ends = hasEnded(next.state) && !hasEnded(session.state)
      const sweepAt = ends ? new Date(clock.now() + KEPT_MS) : next.sweepAt
      const written = await replaceBeside(collection, session, (current) => withFacts({ ...current, ...change, sweepAt }, facts))
      if (ends) metrics.count('credence_sessions_total', { state: next.state })
      if (facts.length > 0) relay().nudge()
      wake(session.id)
      return written
    },
    due: async (now, limit) => (await collection.find('sweep', { prefix: [], to: new Date(now), limit })).docs,
    async changed(id, ms, signal) {
      const stop = new AbortController()
      const waiter = (): void => stop.abort()
      const own = waiters.get(id) ?? new Set()
      waiters.set(id, own.add(waiter))
      const signals = signal === undefined ? [stop.signal] : [stop.signal, signal]
      await clock.sleep(ms, AbortSignal.any(signals)).catch(() => undefined)
      own.delete(waiter)
      if (own.size === 0) waiters.delete(id)
    },
  }
}

/**
 * Replaces the document if it is still `read`, or differs from it only in its outbox: the relay takes facts out of it at any
 * time, and that is nobody's decision about the session. Throws CONFLICT when anything else was changed.
 */
async function replaceBeside(
  collection: Collection<ConnectSession>,
  read: Stored<ConnectSession>,
  next: (current: Stored<ConnectSession>) => ConnectSession,
): Promise<Stored<ConnectSession>> {
  for (let current = read; ; ) {
    try {
      return await collection.replace(next(current), current.rev)
    } catch (error) {
      const newest = isCoded(error, 'CONFLICT') ? await collection.get(read.id, { fresh: true }) : undefined
      if (newest === undefined || !isDeepStrictEqual(besideOutbox(newest), besideOutbox(read))) throw error
      current = newest
    }
  }
}

function besideOutbox(session: Stored<ConnectSession>): object {
  const { outbox: _outbox, outboxSince: _since, rev: _rev, ...rest } = session
  return Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
}

/** The change, or `undefined` when somebody else changed the session first: for callers whose work is then done by that one. */
export async function unlessChanged<T>(change: Promise<T>): Promise<T | undefined> {
  return change.catch((error: unknown) => {
    if (isCoded(error, 'CONFLICT')) return undefined
    throw error
  })
}

/** What a caller gets who is not the session's, and who asks for one that does not exist: the same. */
export function noSuchSession(): CodedError {
  return new CodedError('NOT_FOUND', 'There is no such connect session here.')
}

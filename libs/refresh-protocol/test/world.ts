/**
 * The world that the model searches: two vault instances, one store, one authorization server, bounded faults. Everything
 * that a step of the protocol decides comes from `src/`; this file only says what the world may do with it.
 */
import type { RefreshClass, TokenAnswer } from '../src/answer.ts'
import type { judge } from '../src/judge.ts'
import type { Change, Intent, Lease, Sent } from '../src/record.ts'
import type { decideSave, decideStart, mayWrite } from '../src/steps.ts'
import { DEFAULT_REFRESH_TIMES, type RefreshTimes } from '../src/times.ts'

export interface Budget {
  readonly pause: number
  readonly crash: number
  readonly lost: number
  readonly saveFails: number
  /** The person reconnects: another secret is promoted. */
  readonly replace: number
}

/** The protocol under test; a mutant replaces one member. */
export interface Protocol {
  readonly decideStart: typeof decideStart
  readonly mayWrite: typeof mayWrite
  readonly decideSave: typeof decideSave
  readonly judge: typeof judge
  readonly spill: 'before_parse' | 'after_parse' | 'never'
  /** One tick in the write hook, or two. */
  readonly checkAndSend: 'one_step' | 'two_steps'
  /** What counts as proof that another instance is gone. */
  readonly gone: 'silent_and_swept' | 'silent' | 'assumed'
  /** What an instance says of its own spill when it starts a refresh. */
  readonly ownSpill: 'looked_at' | 'assumed_read'
}

/** What a process holds of an answer; `rt` is the refresh token inside, numbered in the order of issue. */
export interface Held {
  readonly answer: TokenAnswer
  readonly rt?: number | undefined
}

export interface Spilled {
  readonly sent: Sent
  readonly held: Held
}

export type Place =
  | 'idle'
  | 'take'
  | 'check'
  | 'send'
  | 'sent'
  | 'received'
  | 'parse'
  | 'save'
  | 'clean'
  | 'judge'
  | 'done'
  | 'down'
  | 'boot'

export interface Worker {
  place: Place
  /** Refreshes still ordered; one more is granted when a verdict asks to come again. */
  orders: number
  extra: number
  /** Of the store when it was read. */
  rev: number
  version: number
  change: Change | undefined
  sent: Sent | undefined
  held: Held | undefined
  spills: readonly Spilled[]
  /** Down for longer than OWNER_GONE; and its spill volume was handed over. */
  silent: boolean
  swept: boolean
}

export interface World {
  now: number
  ended: boolean
  budget: Budget
  server: { current: number; alive: boolean }
  store: { rev: number; version: number; rt: number; lease: Lease | undefined; intent: Intent | undefined }
  /** What the outside was told of the credential. */
  told: 'active' | 'in_doubt' | 'expired'
  suspectSince: number
  workers: readonly [Worker, Worker]
}

export const TIMES: RefreshTimes = DEFAULT_REFRESH_TIMES
export const ACCESS_ENDS = 1_000_000_000
/** Refresh tokens from here on belong to the grant that replaced the first one. */
export const REPLACED = 100

export function firstWorld(budget: Budget): World {
  return {
    now: 0,
    ended: false,
    budget,
    server: { current: 1, alive: true },
    store: { rev: 0, version: 1, rt: 1, lease: undefined, intent: undefined },
    told: 'active',
    suspectSince: -1,
    workers: [firstWorker(), firstWorker()],
  }
}

function firstWorker(): Worker {
  const empty = { change: undefined, sent: undefined, held: undefined, spills: [] }
  return { place: 'idle', orders: 1, extra: 1, rev: 0, version: 0, silent: false, swept: false, ...empty }
}

export function copy(world: World): World {
  return {
    ...world,
    server: { ...world.server },
    store: { ...world.store },
    workers: [{ ...world.workers[0] }, { ...world.workers[1] }],
  }
}

/** What is left of a process after SIGKILL: its volume. */
export function kill(worker: Worker): void {
  Object.assign(worker, firstWorker(), { place: 'down', orders: worker.orders, extra: worker.extra, spills: worker.spills })
}

/** One POST as the authorization server sees it; says whether the token had been consumed before. */
export function serve(world: World, refreshClass: RefreshClass, rt: number): { held: Held; reused: boolean } {
  const { server } = world
  const refused: Held = { answer: { kind: 'error', status: 400, code: 'invalid_grant' } }
  if (rt >= REPLACED) return { held: tokens(rt, 'same'), reused: false }
  if (!server.alive) return { held: refused, reused: rt !== server.current }
  if (refreshClass === 'static') return { held: tokens(rt, 'same'), reused: false }
  if (rt === server.current) {
    server.current++
    return { held: tokens(server.current, 'different'), reused: false }
  }
  if (refreshClass === 'grace' && rt === server.current - 1) return { held: tokens(server.current, 'different'), reused: true }
  if (refreshClass === 'strict') server.alive = false
  return { held: refused, reused: true }
}

function tokens(rt: number, refreshToken: 'same' | 'different'): Held {
  return { answer: { kind: 'tokens', status: 200, refreshToken }, rt }
}

/** True while a live process, a wire to one, or any spill holds this token. */
export function isHeld(world: World, rt: number): boolean {
  return world.workers.some((worker) => worker.held?.rt === rt || worker.spills.some(({ held }) => held.rt === rt))
}

export function isUsable(world: World, refreshClass: RefreshClass): boolean {
  const { store, server } = world
  if (store.rt >= REPLACED) return true
  return server.alive && (store.rt === server.current || (refreshClass === 'grace' && store.rt === server.current - 1))
}

/** Longer ago than any margin that a step compares with. */
const LONG_AGO_MS = 1_000_000

/** A compact name: worlds with equal futures have equal names, so times count from now. */
export function nameOf(world: World): string {
  const { now, budget: b, server, store } = world
  const ago = (at: number): number => Math.max(at - now, -LONG_AGO_MS)
  const sentName = (sent: Sent | undefined): string =>
    sent === undefined ? '' : `${sent.rtId}.${sent.term}.${sent.owner}.${sent.attempt[0]}.${ago(sent.deadline)}`
  const heldName = (held: Held | undefined): string => {
    if (held === undefined) return ''
    return `${held.answer.kind[0]}${held.rt ?? ''}${'status' in held.answer ? held.answer.status : ''}`
  }
  const { lease, intent } = store
  const intentName = (i: Intent | undefined): string => (i === undefined ? '' : `${sentName(i)}.${i.senders.join('')}${i.dead === true}`)
  const leaseName = lease === undefined ? '' : `${lease.owner}.${lease.term}.${ago(lease.until)}`
  const workerName = (w: Worker): string => {
    const flags = (w.silent ? 2 : 0) + (w.swept ? 1 : 0)
    const spill = w.spills.map(({ sent, held }) => `${sentName(sent)}=${heldName(held)}`).join('+')
    const wanted = w.change === undefined ? '' : intentName(w.change.intent)
    return `${w.place},${w.orders},${w.extra},${store.rev - w.rev},${w.version},${wanted},${sentName(w.sent)},${heldName(w.held)},${spill},${flags}`
  }
  const shared = `${world.ended}|${b.pause}${b.crash}${b.lost}${b.saveFails}${b.replace}|${server.current}${server.alive}|${store.version}.${store.rt}`
  const rest = `${leaseName}|${intentName(intent)}|${world.told}|${world.suspectSince < 0}`
  return `${shared}|${rest}|${workerName(world.workers[0])}|${workerName(world.workers[1])}`
}

/** Exhaustive search: from the first world through every order of steps and faults, each world once. */
import type { RefreshClass } from '../src/answer.ts'
import { judge } from '../src/judge.ts'
import { decideSave, decideStart, mayWrite } from '../src/steps.ts'
import type { Breach, Search } from './landing.ts'
import { type Index, movesOf } from './moves.ts'
import { ACCESS_ENDS, type Budget, copy, firstWorld, isUsable, nameOf, type Protocol, REPLACED, type World } from './world.ts'

export const REAL: Protocol = {
  decideStart,
  mayWrite,
  decideSave,
  judge,
  spill: 'before_parse',
  checkAndSend: 'one_step',
  gone: 'silent_and_swept',
  ownSpill: 'looked_at',
}

const NONE: Budget = { pause: 0, crash: 0, lost: 0, saveFails: 0, replace: 0 }
export const BUDGETS: Readonly<Record<string, Budget>> = {
  none: NONE,
  pause: { ...NONE, pause: 1 },
  crash: { ...NONE, pause: 1, crash: 1 },
  lost: { ...NONE, lost: 1 },
  savefail: { ...NONE, saveFails: 1 },
  replaced: { ...NONE, pause: 1, crash: 1, replace: 1 },
  all: { ...NONE, pause: 1, crash: 1, lost: 1, saveFails: 1 },
  twice: { ...NONE, pause: 2, crash: 2, lost: 1, saveFails: 1 },
}

const WORKERS: readonly Index[] = [0, 1]

export interface Found {
  worlds: number
  ends: number
  unusable: number
  inDoubt: number
  readonly breaches: Map<Breach, number>
  readonly witnessed: Set<string>
  /** With `trace`: the worlds on the way to the first breach of each kind. */
  readonly ways: Map<Breach, readonly string[]>
}

export function explore(
  refreshClass: RefreshClass,
  budget: Budget,
  protocol: Protocol = REAL,
  { trace = false }: { readonly trace?: boolean } = {},
): Found {
  const found: Found = { worlds: 0, ends: 0, unusable: 0, inDoubt: 0, breaches: new Map(), witnessed: new Set(), ways: new Map() }
  const seen = new Map<string, string>()
  let from = ''
  const queue: World[] = []
  let moved = false
  let waitUntil = Number.POSITIVE_INFINITY
  const breach = (kind: Breach): void => {
    found.breaches.set(kind, (found.breaches.get(kind) ?? 0) + 1)
    if (trace && !found.ways.has(kind)) found.ways.set(kind, wayTo(from, seen))
  }
  const reach = (world: World): void => {
    moved = true
    const name = nameOf(world)
    if (seen.has(name)) return
    seen.set(name, trace ? from : '')
    queue.push(world)
  }
  const search: Search = {
    protocol,
    refreshClass,
    breach,
    witness: (what) => found.witnessed.add(what),
    waitUntil: (at) => {
      waitUntil = Math.min(waitUntil, at)
    },
  }
  reach(firstWorld(budget))
  for (let world = queue.pop(); world !== undefined; world = queue.pop()) {
    found.worlds++
    moved = false
    if (trace) from = nameOf(world)
    waitUntil = Number.POSITIVE_INFINITY
    timeMoves(world, reach)
    for (const index of WORKERS) {
      for (const move of movesOf(world, index, search)) {
        const next = copy(world)
        move(next, next.workers[index])
        reach(next)
      }
    }
    // Only when everybody waits does time pass by itself.
    if (!moved && waitUntil < Number.POSITIVE_INFINITY) reach({ ...copy(world), now: waitUntil })
    if (!moved) judgeEnd(world, { refreshClass, found, breach })
  }
  return found
}

function wayTo(end: string, seen: ReadonlyMap<string, string>): string[] {
  const way: string[] = []
  for (let name = end; name !== ''; name = seen.get(name) ?? '') way.unshift(name)
  return way
}

/** What happens to everybody at once: a stop that outlasts the lease, the end of the access token, a reconnect. */
function timeMoves(world: World, reach: (world: World) => void): void {
  const { budget, store, now } = world
  if (budget.pause > 0 && store.lease !== undefined && now < store.lease.until) {
    reach({ ...copy(world), now: store.lease.until, budget: { ...budget, pause: budget.pause - 1 } })
  }
  if (!world.ended && store.intent !== undefined) {
    const next = copy(world)
    next.ended = true
    next.now = ACCESS_ENDS
    for (const worker of next.workers) {
      worker.silent = worker.place === 'down'
      worker.orders = Math.max(worker.orders, 1)
      if (worker.place === 'done') worker.place = 'idle'
    }
    reach(next)
  }
  if (budget.replace > 0 && store.intent !== undefined) {
    const next = copy(world)
    next.budget = { ...budget, replace: 0 }
    next.store = { ...next.store, rev: store.rev + 1, version: store.version + 1, rt: REPLACED, intent: undefined }
    next.told = 'active'
    reach(next)
  }
}

function judgeEnd(
  world: World,
  at: { readonly refreshClass: RefreshClass; readonly found: Found; readonly breach: (kind: Breach) => void },
): void {
  const { refreshClass, found, breach } = at
  found.ends++
  if (isUsable(world, refreshClass)) return
  found.unusable++
  const { intent } = world.store
  // The fact of a refusal leaves in the write that marks the grant dead, so that mark is word enough.
  const said = world.told === 'expired' || intent?.dead === true || (world.told === 'in_doubt' && intent !== undefined)
  if (said) found.inDoubt++
  else breach('unusable_unsaid')
  if (refreshClass === 'static' || refreshClass === 'grace') breach('unusable')
}

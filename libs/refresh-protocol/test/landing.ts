/** Where an answer lands: in the store, in the refresher's verdict, or nowhere. The promises are watched here. */
import type { RefreshClass } from '../src/answer.ts'
import type { RefreshChild, Sent } from '../src/record.ts'
import { ACCESS_ENDS, type Held, isHeld, type Protocol, REPLACED, TIMES, type Worker, type World } from './world.ts'

/** The promises that a move may break; `unusable_unsaid` and `unusable` are asked of end states only. */
export type Breach =
  | 'blind_replay'
  | 'revoked_while_held'
  | 'dropped'
  | 'live_called_dead'
  | 'replaced_overwritten'
  | 'unusable_unsaid'
  | 'unusable'

export interface Search {
  readonly protocol: Protocol
  readonly refreshClass: RefreshClass
  readonly breach: (breach: Breach) => void
  /** What the search came by, so that a test can ask whether it went there at all. */
  readonly witness: (what: string) => void
  /** A waiting worker says when it would look again. */
  readonly waitUntil: (at: number) => void
}

export function save(world: World, me: Worker, search: Search): void {
  saveHeld(world, me.sent!, { held: me.held!, search })
  me.place = 'clean'
}

export function replaySpill(world: World, me: Worker, search: Search): void {
  const [first, ...left] = me.spills
  if (first !== undefined) saveHeld(world, first.sent, { held: first.held, search })
  me.spills = left
  if (me.place === 'boot' && left.length === 0) me.place = 'idle'
}

/** Step 6 on a fresh read. Its compare-and-set repeats until it fits, so read and write are one move here. */
export function saveHeld(world: World, sent: Sent, { held, search }: { held: Held; search: Search }): void {
  const { store } = world
  const newRtId = held.rt === undefined ? undefined : String(held.rt)
  const decision = search.protocol.decideSave(childOf(world, search.refreshClass), sent, { answer: held.answer, newRtId })
  search.witness(`${sent.attempt} ${decision.do}`)
  if (decision.do === 'discard') {
    noteIfDropped(world, held, search)
    return
  }
  store.rev++
  store.version = decision.change.version
  store.lease = decision.change.lease
  store.intent = decision.change.intent
  if (decision.do !== 'save') return
  if (store.rt >= REPLACED && held.rt! < REPLACED) search.breach('replaced_overwritten')
  store.rt = held.rt!
  if (world.told === 'in_doubt') world.told = 'active'
}

export function noteIfDropped(world: World, held: Held | undefined, search: Search): void {
  const { store, server } = world
  const newest = held?.rt !== undefined && held.rt === server.current && held.rt > store.rt
  if (newest && server.alive) search.breach('dropped')
}

/** The refresher's part: what the outcome means for the credential. A verdict binds only the version that it was made for. */
export function judgeIt(world: World, me: Worker, search: Search): void {
  const { store } = world
  const first = world.suspectSince
  const at = first < 0 ? world.now : first + TIMES.confirmMs
  const verdict = search.protocol.judge(
    {
      answer: me.held!.answer,
      refreshClass: search.refreshClass,
      storeMoved: store.version !== me.version,
      openIntent: store.intent !== undefined && store.intent.dead !== true,
      replay: me.sent!.attempt !== 'first',
      clientChangedSinceConnect: false,
      at,
    },
    { failures: first < 0 ? {} : { SUSPECT: { count: 1, first, last: first } } },
    TIMES,
  )
  if (verdict.class === 'SUSPECT' && first < 0) world.suspectSince = world.now
  if (verdict.class === 'IN_DOUBT' && world.told === 'active') world.told = 'in_doubt'
  if (verdict.action === 'expire') {
    world.told = 'expired'
    const { current, alive } = world.server
    const live = alive && (store.rt === current || isHeld(world, current))
    if (live && store.rt < REPLACED) search.breach('live_called_dead')
  }
  const again = verdict.action === 'back_off' || verdict.action === 'wait' || verdict.action === 'confirm'
  if (again && me.extra > 0) Object.assign(me, { extra: me.extra - 1, orders: me.orders + 1 })
  rest(me)
}

export function rest(me: Worker): void {
  const orders = Math.max(me.orders - 1, 0)
  Object.assign(me, {
    orders,
    place: orders > 0 ? 'idle' : 'done',
    rev: 0,
    version: 0,
    change: undefined,
    sent: undefined,
    held: undefined,
  })
}

export function childOf(world: World, refreshClass: RefreshClass): RefreshChild {
  const { version, rt, lease, intent } = world.store
  return { version, refreshClass, token: { rtId: String(rt), expiresAt: ACCESS_ENDS }, lease, intent }
}

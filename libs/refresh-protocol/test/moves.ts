/** Every move that one worker of the world can make: the steps of the protocol, and the faults that can hit it. */
import type { TokenAnswer } from '../src/answer.ts'
import { childOf, judgeIt, noteIfDropped, replaySpill, rest, type Search, save, saveHeld } from './landing.ts'
import { isHeld, kill, type Place, type Protocol, serve, TIMES, type Worker, type World } from './world.ts'

export type Index = 0 | 1
/** Changes a copy of the world, and the worker in it whose move it is. */
export type Move = (world: World, me: Worker) => void

export function movesOf(world: World, index: Index, search: Search): readonly Move[] {
  return [...faultsOf(world, world.workers[index], search), ...stepsOf(world, index, search)]
}

function stepsOf(world: World, index: Index, search: Search): readonly Move[] {
  const worker = world.workers[index]
  switch (worker.place) {
    case 'idle':
      return worker.spills.length === 0
        ? read(world, index, search)
        : [(w, me) => replaySpill(w, me, search), ...read(world, index, search)]
    case 'take':
      return [take]
    case 'check':
      return check(world, worker, search)
    case 'send':
      return [(w, me) => send(w, me, search)]
    case 'sent':
      return [goTo('received')]
    case 'received':
    case 'parse':
      return [(_, me) => spillOrParse(me, search.protocol)]
    case 'save':
      return [(w, me) => save(w, me, search)]
    case 'clean':
      return [(_, me) => Object.assign(me, { place: 'judge', spills: me.spills.filter(({ sent }) => sent !== me.sent) })]
    case 'judge':
      return [(w, me) => judgeIt(w, me, search)]
    case 'down':
      return [(_, me) => Object.assign(me, { place: me.spills.length === 0 ? 'idle' : 'boot', silent: false, swept: false })]
    case 'boot':
      return [(w, me) => replaySpill(w, me, search)]
    case 'done':
      return worker.spills.length === 0 ? [] : [(w, me) => replaySpill(w, me, search)]
  }
}

const goTo =
  (place: Place): Move =>
  (_, me) => {
    me.place = place
  }

function faultsOf(world: World, worker: Worker, search: Search): readonly Move[] {
  const { budget } = world
  const resting = worker.place === 'idle' || worker.place === 'done' || worker.place === 'down'
  const moves: Move[] = []
  if (!resting && budget.crash > 0) moves.push((w, me) => crash(w, me, search))
  if (worker.place === 'sent' && budget.lost > 0) moves.push((w, me) => lose(w, me, { kind: 'lost', cause: 'reset' }))
  if (worker.place === 'save' && budget.saveFails > 0) moves.push((w, me) => failSave(w, me, search))
  if (worker.place === 'down' && world.ended && !worker.swept) moves.push((w, me) => handOver(w, me, search))
  return moves
}

function crash(world: World, me: Worker, search: Search): void {
  world.budget = { ...world.budget, crash: world.budget.crash - 1 }
  // An answer that was looked at must outlive its reader; one still in the socket cannot.
  const looked = me.place === 'parse' || me.place === 'save'
  if (looked && !hasSpilled(me)) noteIfDropped(world, me.held, search)
  kill(me)
}

function failSave(world: World, me: Worker, search: Search): void {
  world.budget = { ...world.budget, saveFails: world.budget.saveFails - 1 }
  if (!hasSpilled(me)) noteIfDropped(world, me.held, search)
  // The caller got STORE_UNAVAILABLE and will order it again.
  me.orders++
  rest(me)
}

const hasSpilled = (me: Worker): boolean => me.spills.some(({ sent }) => sent === me.sent)

/** Step 8 by another process, on the volume of one that is gone. */
function handOver(world: World, me: Worker, search: Search): void {
  for (const { sent, held } of me.spills) saveHeld(world, sent, { held, search })
  Object.assign(me, { spills: [], swept: true })
}

/** Step 2. A spill of one's own may still wait for the store. */
function read(world: World, index: Index, search: Search): readonly Move[] {
  // The fence: an expired credential is not refreshed.
  if (world.told === 'expired') return [(_, me) => rest(me)]
  const decision = search.protocol.decideStart(childOf(world, search.refreshClass), {
    now: world.now,
    me: String(index),
    times: TIMES,
    clientGeneration: 1,
    expectedVersion: 1,
    senders: sendersOf(world, index, search.protocol),
  })
  switch (decision.do) {
    case 'return':
      return [(_, me) => rest(me)]
    case 'refuse':
      return [(w, me) => tellAndRest(w, me, 'expired')]
    case 'wait':
      search.waitUntil(decision.untilMs)
      return []
    case 'in_doubt':
      return [(w, me) => tellAndRest(w, me, w.told === 'active' ? 'in_doubt' : w.told)]
    case 'take': {
      const { change, sent } = decision
      const { rev, version } = world.store
      return [(_, me) => Object.assign(me, { place: 'take', rev, version, change, sent })]
    }
  }
}

function tellAndRest(world: World, me: Worker, told: World['told']): void {
  world.told = told
  rest(me)
}

/** Step 3: one compare-and-set. */
function take(world: World, me: Worker): void {
  const { store } = world
  if (store.rev !== me.rev || me.change === undefined) {
    Object.assign(me, { place: 'idle', rev: 0, version: 0, change: undefined, sent: undefined })
    return
  }
  store.rev++
  store.lease = me.change.lease
  store.intent = me.change.intent
  Object.assign(me, { place: 'check', rev: 0, change: undefined })
}

/** Step 4, and what the network may do to it. */
function check(world: World, worker: Worker, search: Search): readonly Move[] {
  const sent = worker.sent!
  if (!search.protocol.mayWrite(sent, { now: world.now, elapsedMs: world.now - sent.startedAt })) {
    return [(_, me) => Object.assign(me, { place: 'save', held: { answer: { kind: 'not_sent', cause: 'deadline' } } })]
  }
  if (search.protocol.checkAndSend === 'two_steps') return [goTo('send')]
  const moves: Move[] = [(w, me) => send(w, me, search)]
  if (world.budget.lost === 0) return moves
  const broken: TokenAnswer = { kind: 'error', status: 500, code: 'server_error' }
  moves.push((w, me) => lose(w, me, { kind: 'not_sent', cause: 'refused' }))
  moves.push((w, me) => lose(w, me, { kind: 'lost', cause: 'reset' }))
  moves.push((w, me) => lose(w, me, broken))
  if (search.refreshClass !== 'strict') return moves
  const spentAndBroken: Move = (w, me) => {
    send(w, me, search)
    lose(w, me, broken)
  }
  return [...moves, spentAndBroken]
}

function send(world: World, me: Worker, search: Search): void {
  const sent = me.sent!
  const { alive, current } = world.server
  search.witness(`${sent.attempt} sent ${world.ended ? 'after' : 'before'} the end`)
  const { held, reused } = serve(world, search.refreshClass, Number(sent.rtId))
  if (reused && sent.attempt === 'first' && alive) search.breach('blind_replay')
  const revoked = alive && !world.server.alive
  if (revoked && (world.store.rt === current || isHeld(world, current))) search.breach('revoked_while_held')
  me.held = held
  me.place = 'sent'
}

function lose(world: World, me: Worker, answer: TokenAnswer): void {
  world.budget = { ...world.budget, lost: world.budget.lost - 1 }
  me.held = { answer }
  me.place = answer.kind === 'error' ? 'received' : 'save'
}

/** Step 5, in the order that the protocol under test gives it. */
function spillOrParse(me: Worker, protocol: Protocol): void {
  const spillsHere = protocol.spill === (me.place === 'received' ? 'before_parse' : 'after_parse')
  if (spillsHere) me.spills = [...me.spills, { sent: me.sent!, held: me.held! }]
  me.place = me.place === 'received' ? 'parse' : 'save'
}

function sendersOf(world: World, me: Index, protocol: Protocol): Record<string, { gone: boolean; spillReplayed: boolean }> {
  const known = (worker: Worker, index: number): { gone: boolean; spillReplayed: boolean } => {
    if (protocol.gone === 'assumed') return { gone: true, spillReplayed: true }
    if (index === me) return { gone: false, spillReplayed: protocol.ownSpill === 'assumed_read' || worker.spills.length === 0 }
    return { gone: worker.place === 'down' && worker.silent, spillReplayed: protocol.gone === 'silent' || worker.swept }
  }
  return { 0: known(world.workers[0], 0), 1: known(world.workers[1], 1) }
}

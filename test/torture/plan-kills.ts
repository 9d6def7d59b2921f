import type { Random } from '@credence/service'

export const SERVER_CLASSES = ['static', 'grace', 'reject', 'strict'] as const
export type ServerClass = (typeof SERVER_CLASSES)[number]

/** Before the intent · after it · request bytes out · answer's head · its body · spilled · stored · event done. */
export const FAILPOINTS = ['FP1', 'FP2', 'FP3', 'FP4', 'FP5', 'FP6', 'FP7', 'FP8'] as const
export type FailpointName = (typeof FAILPOINTS)[number]

/** `unauthorized`: the provider drops the access token and a call gets 401. `schedule`: ahead of expiry, nobody calls. */
export type Trigger = 'unauthorized' | 'schedule'

/** One SIGKILL that is going to happen. */
export interface PlannedKill {
  readonly number: number
  readonly serverClass: ServerClass
  readonly failpoint: FailpointName
  readonly trigger: Trigger
}

export interface KillFilter {
  readonly classes: readonly ServerClass[]
  readonly failpoints: readonly FailpointName[]
}

/**
 * Spreads the kills over the cells on a diagonal, so that any number of them is even over the failpoints and over the
 * classes: the first eight hit each failpoint once, with the classes taking turns. In each cell the first kill comes from
 * a 401, the second from the schedule, and so on.
 */
export function planKills(count: number, filter: KillFilter, firstClass = 0): PlannedKill[] {
  const { classes, failpoints } = filter
  return Array.from({ length: count }, (_, index) => {
    const column = index % failpoints.length
    const row = Math.floor(index / failpoints.length)
    const serverClass = classes[(column + row + firstClass) % classes.length]
    const failpoint = failpoints[column]
    if (serverClass === undefined || failpoint === undefined) throw new TypeError('there is nothing to kill at')
    const trigger = Math.floor(row / classes.length) % 2 === 0 ? 'unauthorized' : 'schedule'
    return { number: index + 1, serverClass, failpoint, trigger }
  })
}

/** `--only strict,FP3`: the classes and failpoints that are named; of a kind of which none is named, all. */
export function parseFilter(only: string | undefined): KillFilter {
  const names = (only ?? '').split(',').filter((name) => name !== '')
  const classes = SERVER_CLASSES.filter((name) => names.includes(name))
  const failpoints = FAILPOINTS.filter((name) => names.includes(name))
  const unknown = names.filter((name) => ![...classes, ...failpoints].some((known) => known === name))
  if (unknown.length > 0) throw new TypeError(`--only knows ${[...SERVER_CLASSES, ...FAILPOINTS].join(', ')}, not ${unknown.join(', ')}`)
  return { classes: classes.length === 0 ? SERVER_CLASSES : classes, failpoints: failpoints.length === 0 ? FAILPOINTS : failpoints }
}

/**
 * The kills of one home in the order in which they happen, in batches: the start of each kill follows on the kill before,
 * and a quiet start, without a failpoint, ends the batch and recovers all of it, the last one within its lease. A scheduled
 * kill is a batch of its own: in the next start its credential would come due and fall into the failpoint that is armed
 * there for another.
 */
export function batchKills(kills: readonly PlannedKill[], random: Random, mostInBatch: number): PlannedKill[][] {
  const batches: PlannedKill[][] = []
  for (const kill of shuffled(kills, random)) {
    const batch = batches.findLast((found) => found.length < mostInBatch && canFollow(kill, found.at(-1)))
    if (batch === undefined) batches.push([kill])
    else batch.push(kill)
  }
  return batches
}

/**
 * A kill at FP6 or FP7 leaves a spill, which the next start saves before it serves anybody, past FP7 and FP8: a start that
 * is armed there would die of the former kill and never reach its own.
 */
function canFollow(kill: PlannedKill, before: PlannedKill | undefined): boolean {
  const leavesSpill = before?.failpoint === 'FP6' || before?.failpoint === 'FP7'
  const passesSave = kill.failpoint === 'FP7' || kill.failpoint === 'FP8'
  return before?.trigger === 'unauthorized' && kill.trigger === 'unauthorized' && !(leavesSpill && passesSave)
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const left = [...items]
  const out: T[] = []
  while (left.length > 0) out.push(...left.splice(Math.floor(random.fraction() * left.length), 1))
  return out
}

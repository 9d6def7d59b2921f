import type { Credence } from '@credence/sdk'
import type { Random } from '@credence/service'
import { seededRandom } from '@credence/testkit'
import { judgeKill } from '../judge-kill.ts'
import type { Kill } from '../kill.ts'
import { FAILPOINTS, type FailpointName, planKills, SERVER_CLASSES } from '../plan-kills.ts'
import { recover } from '../recover.ts'
import { type ClusterArena, VAULTS } from './arena.ts'
import { type JudgedGrant, judgeReplicaKills, type ReplicaKillRecord } from './judge-kills.ts'
import { killAtFailpoint, killAtRandom, type PlannedReplicaKill, type ReplicaKill } from './kill-replica.ts'
import type { Scenario, ScenarioOptions } from './scenario.ts'
import { inArena } from './share-arena.ts'

/** The first few of them are those that leave the most different things behind. */
const FAILPOINT_ORDER: readonly FailpointName[] = ['FP6', 'FP4', 'FP2', 'FP7', 'FP5', 'FP3', 'FP8', 'FP1']
/** So many kills follow on each other before the vault may recover. */
const MOST_IN_BATCH = 6
/** This one lives on, so that there is always one. */
const SURVIVOR = 0

/** R02, R28: half of the kills at failpoints, half at random moments, in the other vaults at the same time. */
export const KILLS: Scenario = {
  name: 'kills',
  title: 'R02, R28: SIGKILLs of vaults, at failpoints and at random moments, lose nothing that could be kept and repeat no call',
  smoke: 6,
  full: 400,
  run: (options) => inArena(options, (arena) => killAll(arena, options)),
}

type Batch = readonly PlannedReplicaKill[]

/**
 * Deals the kills over batches. In a batch all failpoints differ, and those of the save come first: what FP6, FP7 or a random
 * kill leaves in the spill is saved by the next start, which would die of it at FP7 or FP8.
 */
export function planReplicaKills(size: number): Batch[] {
  const atFailpoints = Math.ceil(size / 2)
  const dealt = planKills(atFailpoints, { classes: SERVER_CLASSES, failpoints: FAILPOINT_ORDER })
    .map(({ number, failpoint, serverClass }): PlannedReplicaKill => ({ number, failpoint, serverClass }))
    .sort((one, other) => rankOf(one) - rankOf(other))
  for (let number = atFailpoints + 1; number <= size; number++) dealt.push({ number })
  const batches: PlannedReplicaKill[][] = Array.from({ length: Math.ceil(size / MOST_IN_BATCH) }, () => [])
  for (const [index, plan] of dealt.entries()) batches[index % batches.length]?.push(plan)
  return batches
}

/** FP8 first, random moments last. */
const rankOf = ({ failpoint }: PlannedReplicaKill): number => -FAILPOINTS.indexOf(failpoint ?? 'FP1')

async function killAll(arena: ClusterArena, { size, seed, note }: ScenarioOptions) {
  const random = seededRandom(seed)
  const left = planReplicaKills(size)
  const records: ReplicaKillRecord[] = []
  const lane = async (vault: number): Promise<void> => {
    for (let batch = left.shift(); batch !== undefined; batch = left.shift()) {
      records.push(...(await killBatch(arena, vault, { batch, random })))
      note(`${records.length} of ${size} kills`)
    }
  }
  await Promise.all(Array.from({ length: VAULTS }, (_, vault) => vault).flatMap((vault) => (vault === SURVIVOR ? [] : [lane(vault)])))
  return judgeReplicaKills(size, records)
}

/** Kill after kill of one vault, each start after the kill before; then a quiet start, in which everything must come back. */
async function killBatch(
  arena: ClusterArena,
  vault: number,
  { batch, random }: { readonly batch: Batch; readonly random: Random },
): Promise<ReplicaKillRecord[]> {
  const records: ReplicaKillRecord[] = []
  const killed: ReplicaKill[] = []
  await arena.cluster.end('vault', vault, 'SIGTERM')
  for (const plan of batch) {
    const { failpoint, serverClass } = plan
    const kill =
      failpoint === undefined || serverClass === undefined
        ? killAtRandom(arena, vault, { plan, random })
        : killAtFailpoint(arena, vault, { ...plan, failpoint, serverClass })
    await kill.then(
      (one) => killed.push(one),
      (error: unknown) => records.push({ plan, hit: false, problem: String(error), grants: [], repeatedPosts: 0 }),
    )
    await arena.cluster.end('vault', vault, 'SIGKILL')
  }
  await arena.cluster.start('vault', vault)
  records.push(...(await Promise.all(killed.map((one) => recoverAndJudge(arena, vault, one)))))
  return records
}

async function recoverAndJudge(arena: ClusterArena, vault: number, killed: ReplicaKill): Promise<ReplicaKillRecord> {
  const { plan, kills, posts, spilled } = killed
  const grants = await Promise.all(kills.map((kill) => recoverOne(arena, vault, kill)))
  const received = SERVER_CLASSES.flatMap((serverClass) => arena.witness(serverClass).received())
  // The same call with the same token: a call that a new token repeats after a 401 was refused before.
  const made = received.filter(({ path }) => posts.includes(path)).map(({ path, authorization }) => `${path} ${authorization}`)
  return { plan, hit: true, grants, repeatedPosts: made.length - new Set(made).size, ...(spilled === undefined ? {} : { spilled }) }
}

async function recoverOne(arena: ClusterArena, vault: number, kill: Kill): Promise<JudgedGrant> {
  const witness = arena.witness(kill.serverClass)
  const recovery = await recover(arena, inTurn(arena, [vault, SURVIVOR]), kill)
  const ledger = witness.ledger()
  const verdict = judgeKill(kill, recovery, ledger)
  if (verdict.usable) arena.giveBack(kill)
  const isIssuedBefore = ledger.some(
    ({ seq, family, issued }) => family === kill.family && issued !== undefined && seq > kill.seq && seq <= kill.diedSeq,
  )
  const isAskedAgain = ledger.some(
    ({ seq, family, kind }) => family === kill.family && kind === 'token' && seq > kill.diedSeq && seq <= recovery.endSeq,
  )
  return { serverClass: kill.serverClass, verdict, cameBack: verdict.usable && isIssuedBefore && !isAskedAgain }
}

/** As behind a load balancer: each call goes to the next of them. */
function inTurn(arena: ClusterArena, vaults: readonly number[]): { readonly credence: Credence } {
  let turn = 0
  return {
    get credence() {
      return arena.at(vaults[turn++ % vaults.length]!)
    },
  }
}

import type { KillVerdict } from '../judge-kill.ts'
import type { ServerClass } from '../plan-kills.ts'
import type { PlannedReplicaKill } from './kill-replica.ts'
import type { ScenarioReport } from './scenario.ts'

export interface JudgedGrant {
  readonly serverClass: ServerClass
  readonly verdict: KillVerdict
  /** Its answer had been issued before the death and was used after it, without another request. */
  readonly cameBack: boolean
}

export interface ReplicaKillRecord {
  readonly plan: PlannedReplicaKill
  readonly hit: boolean
  /** Why it was not hit. */
  readonly problem?: string
  readonly grants: readonly JudgedGrant[]
  /** Answers on the volume at the death. */
  readonly spilled?: number
  /** Calls that changed something at the API twice. */
  readonly repeatedPosts: number
}

/** The in-flight cap of a worker (REFRESH 4.6). */
const MOST_IN_DOUBT = 16

export function judgeReplicaKills(planned: number, records: readonly ReplicaKillRecord[]): ScenarioReport {
  const verdicts = records.flatMap(({ grants }) => grants.map(({ verdict }) => verdict))
  const sum = (of: (verdict: KillVerdict) => boolean | number): number =>
    verdicts.reduce((total, verdict) => total + Number(of(verdict)), 0)
  const doubts = records.map(({ grants }) => grants.filter(({ verdict }) => verdict.inDoubt).length)
  return {
    planned,
    injected: records.filter(({ hit }) => hit).length,
    faults: records.flatMap((record) => faultsOfKill(record).map((fault) => `${nameOf(record.plan)}: ${fault}`)),
    figures: {
      'at failpoints': records.filter(({ plan, hit }) => hit && plan.failpoint !== undefined).length,
      grants: verdicts.length,
      recovered: sum(({ usable }) => usable),
      'avoidable losses': sum(({ avoidableLoss }) => avoidableLoss),
      'families revoked by us': sum(({ revokedByUs }) => revokedByUs),
      'live grants dead': sum(({ liveGrantDead }) => liveGrantDead),
      replays: sum(({ replays }) => replays),
      'last resorts': sum(({ lastResorts }) => lastResorts),
      'in doubt': sum(({ inDoubt }) => inDoubt),
      'in doubt at most per crash': Math.max(0, ...doubts),
      'repeated POSTs': records.reduce((total, { repeatedPosts }) => total + repeatedPosts, 0),
    },
  }
}

function faultsOfKill({ problem, grants, spilled = 0, repeatedPosts }: ReplicaKillRecord): string[] {
  const doubts = grants.filter(({ verdict }) => verdict.inDoubt).length
  const back = grants.filter(({ cameBack }) => cameBack).length
  return [
    ...(problem === undefined ? [] : [problem]),
    ...grants.flatMap(({ serverClass, verdict }) => verdict.faults.map((fault) => `${serverClass} ${fault}`)),
    ...(doubts > MOST_IN_DOUBT ? [`${doubts} in doubt`] : []),
    ...(back < spilled ? [`${spilled} answers were spilled and ${back} came back`] : []),
    ...(repeatedPosts > 0 ? [`${repeatedPosts} calls were made again`] : []),
  ]
}

const nameOf = ({ number, failpoint, serverClass }: PlannedReplicaKill): string =>
  failpoint === undefined ? `kill ${number} (random)` : `kill ${number} (${serverClass} ${failpoint})`

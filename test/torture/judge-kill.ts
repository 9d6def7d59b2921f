import type { LedgerEntry } from '@credence/testkit'
import { type Kill, refreshesOf } from './kill.ts'
import { FAILPOINTS } from './plan-kills.ts'
import type { Recovery } from './recover.ts'

/** What the ledger says of one kill and of what came after it. Each fault is a sentence; none is what a run must show. */
export interface KillVerdict {
  /** Requests that sent a token again which the provider had spent or was sent before; the last resort is not among them. */
  readonly replays: number
  /** Replays after the access token's end, where REFRESH 4.4 allows the one that is left. */
  readonly lastResorts: number
  readonly usable: boolean
  /** The new token died with the process before it could be spilled, and the class gives no second one: nobody can recover. */
  readonly inDoubt: boolean
  readonly avoidableLoss: boolean
  /** Revoked because a spent token came again while somebody held its successor. */
  readonly revokedByUs: boolean
  /** Revoked by a last resort when nobody held the successor any more: the grant was lost already. */
  readonly revokedByLastResort: boolean
  readonly liveGrantDead: boolean
  readonly faults: readonly string[]
}

type Judged = Pick<Kill, 'plan' | 'serverClass' | 'family' | 'seq' | 'diedSeq' | 'diedAtMs' | 'accessEndsAtMs'>

/** Judges one kill by the authorization server's ledger alone; the platform is believed only where it says that a grant is dead. */
export function judgeKill(kill: Judged, recovery: Recovery, ledger: readonly LedgerEntry[]): KillVerdict {
  const evidence = read(kill, recovery, ledger)
  const { replays, lastResorts } = evidence
  const usable = recovery.end === 'usable' && evidence.proven
  const inDoubt = !usable && evidence.isLost
  const revokedByLastResort = evidence.revoked !== undefined && isByLastResort(kill, evidence)
  const revokedByUs = evidence.revoked !== undefined && !revokedByLastResort
  const avoidableLoss = !usable && !inDoubt
  const liveGrantDead = recovery.end === 'expired' && evidence.revoked === undefined && !evidence.isLost
  const faults = [
    ...(avoidableLoss ? [`is not usable again (${recovery.end}${recovery.reason === '' ? '' : `, ${recovery.reason}`})`] : []),
    ...(revokedByUs ? [`the family was revoked (${evidence.revoked?.revokedBy})`] : []),
    ...(liveGrantDead ? ['a live grant was called dead'] : []),
    ...replayFaults(kill, evidence),
    ...(recovery.servedMeanwhile === false ? ['no call got through while the old access token lived'] : []),
    ...(recovery.end === 'expired' && !recovery.offersReconnect ? ['the refusal names no address to reconnect'] : []),
  ]
  return {
    replays: replays.length,
    lastResorts: lastResorts.length,
    usable,
    inDoubt,
    avoidableLoss,
    revokedByUs,
    revokedByLastResort,
    liveGrantDead,
    faults,
  }
}

interface Evidence {
  /** Every refresh request since the grant was connected. */
  readonly all: readonly LedgerEntry[]
  /** Those between the death and the end, and what they were. */
  readonly after: readonly LedgerEntry[]
  readonly replays: readonly LedgerEntry[]
  readonly lastResorts: readonly LedgerEntry[]
  readonly revoked: LedgerEntry | undefined
  /** Issued before the death, never spilled, and of no use to anybody. */
  readonly isLost: boolean
  readonly proven: boolean
}

/** A random moment counts as the one between request and spill: what was lost there the ledger must show as issued. */
const RANDOM_AT = 4
const at = (failpoint: Kill['plan']['failpoint']): number => (failpoint === undefined ? RANDOM_AT : FAILPOINTS.indexOf(failpoint) + 1)
/** From FP6 on the answer is on the disk; before FP3 nothing was sent. */
const diesWithAnswer = ({ plan }: Pick<Kill, 'plan'>): boolean => at(plan.failpoint) >= 3 && at(plan.failpoint) <= 5
const isSingleUse = ({ serverClass }: Pick<Kill, 'serverClass'>): boolean => serverClass === 'reject' || serverClass === 'strict'

const isIssued = (entries: readonly LedgerEntry[]): boolean => entries.some(({ issued }) => issued !== undefined)

function read(kill: Judged, { endSeq }: Recovery, ledger: readonly LedgerEntry[]): Evidence {
  const all = refreshesOf(ledger, kill.family, kill.seq)
  const before = all.filter(({ seq }) => seq <= kill.diedSeq)
  const after = all.filter(({ seq }) => seq > kill.diedSeq && seq <= endSeq)
  const proof = all.filter(({ seq }) => seq > endSeq)
  const again = after.filter((entry) => wasSent(entry, [...before, ...after], kill))
  const isEnded = (entry: LedgerEntry): boolean => entry.at >= kill.accessEndsAtMs
  const lastResorts = isSingleUse(kill) ? again.filter(isEnded) : []
  return {
    all,
    after,
    lastResorts,
    replays: again.filter((entry) => !lastResorts.includes(entry)),
    revoked: ledger.find((entry) => entry.kind === 'family_revoked' && entry.family === kill.family),
    isLost: isSingleUse(kill) && diesWithAnswer(kill) && isIssued(before) && !isIssued(after),
    // A grace server would also take a spent token: only the one in force proves that the store has it.
    proven: proof.some(({ presented, issued }) => presented?.state === 'current' && issued !== undefined),
  }
}

/** A static token is sent at each refresh; there, any request after one that the provider carried out is a repetition. */
function wasSent(entry: LedgerEntry, all: readonly LedgerEntry[], { serverClass }: Judged): boolean {
  const former = all.filter(({ seq }) => seq < entry.seq)
  return serverClass === 'static' ? former.length > 0 : former.some(({ presented }) => presented?.token === entry.presented?.token)
}

/** Revoked by a last resort, when the process that was sent the successor was gone and had spilled nothing. */
function isByLastResort(kill: Judged, { all, revoked, isLost, lastResorts }: Evidence): boolean {
  // The server notes the revocation first and the request that caused it next.
  const cause = all.find(({ seq }) => seq > (revoked?.seq ?? 0))
  return revoked?.revokedBy === 'reuse' && isLost && cause !== undefined && lastResorts.includes(cause) && cause.at >= kill.diedAtMs
}

/** REFRESH 4.4 in numbers: what may be sent again, how often. */
function replayFaults(kill: Judged, { after, replays, lastResorts }: Evidence): string[] {
  const faults: string[] = []
  const most = kill.serverClass === 'strict' ? 0 : 1
  if (at(kill.plan.failpoint) >= 6 && after.length > 0) faults.push(`${after.length} more requests although the answer was spilled`)
  else if (replays.length > most) faults.push(`${replays.length} replays`)
  // At a provider that rejects, another replica takes the intent over once before the one that died may try its last resort.
  const mostAtEnd = kill.plan.hasOthers === true && kill.serverClass === 'reject' ? 2 : 1
  if (lastResorts.length > mostAtEnd) faults.push(`${lastResorts.length} last resorts`)
  if (at(kill.plan.failpoint) < 3 && after.length > 1) faults.push(`${after.length} requests where none was lost`)
  return faults
}

import type { LedgerEntry, StartedProcess } from '@credence/testkit'
import type { Arena, Run } from './arena.ts'
import { type Connected, connect, type Place } from './connect.ts'
import { waitFor } from './patience.ts'
import { FAILPOINTS, type FailpointName, type PlannedKill } from './plan-kills.ts'
import { use } from './use.ts'

export type KillPlan = Omit<PlannedKill, 'failpoint'> & {
  /** Absent: it comes at a random moment. */
  readonly failpoint?: FailpointName
  /** Other replicas live on, which find the open intent before the one that died is back. */
  readonly hasOthers?: boolean
}

/** A kill that happened as planned: exactly this failpoint, by its own SIGKILL. */
export interface Kill<P extends KillPlan = KillPlan> extends Connected {
  readonly plan: P
  readonly diedAtMs: number
  /** The newest ledger entry when the process was dead and all that it had sent had arrived. */
  readonly diedSeq: number
  /** When the access token in force stopped working, by the provider's own act or by its age. */
  readonly accessEndsAtMs: number
}

/** Life of an access token that is refreshed by the schedule: at half of it, since it is short (REFRESH 4.5). */
const SHORT_LIFE_S = 10
const DEATH_MS = 20_000
const ARRIVAL_MS = 3_000

/**
 * Starts the platform with the failpoint armed, connects a credential, and lets a refresh of it run into the failpoint. Throws
 * TypeError when anything else happens: such a run proves nothing.
 */
export async function kill(arena: Arena, plan: PlannedKill): Promise<Kill<PlannedKill>> {
  const run = await arena.start(plan.failpoint)
  const connected = await connectAndUse(arena, run, plan)
  const accessEndsAtMs = plan.trigger === 'unauthorized' ? await refuseAndCall(arena, run, connected) : connected.expiresAtMs
  await expectDeath(run, plan)
  const diedAtMs = Date.now()
  return { ...connected, plan, diedAtMs, diedSeq: await settle(arena, plan, connected), accessEndsAtMs }
}

async function connectAndUse(arena: Arena, run: Run, { number, serverClass, trigger }: PlannedKill): Promise<Connected> {
  const expiresInS = trigger === 'schedule' ? SHORT_LIFE_S : undefined
  const connected = await connect(arena, run, { name: `account-${number}`, serverClass, expiresInS })
  const { status, code = '' } = await use(run, connected.credentialId)
  // Where little time is left the schedule may be faster than this call.
  if (status !== 200 && !hasDied(run)) throw new TypeError(`the new credential answered ${status} ${code}`)
  return connected
}

type Dying = Pick<StartedProcess, 'pid' | 'exited'>

const hasDied = (run: Run): boolean => run.failpointLog().length > 0

/** The API refuses from now on. A call whose refresh was not even sent in time is made again. */
async function refuseAndCall(arena: Arena, run: Run, connected: Connected): Promise<number> {
  await arena.witness(connected.serverClass).dropAccessTokens(connected.family)
  const endedAtMs = Date.now()
  await waitFor(DEATH_MS, async () => {
    await use(run, connected.credentialId)
    return hasDied(run) || undefined
  })
  return endedAtMs
}

export async function expectDeath(
  run: { readonly platform: { readonly process: Dying }; failpointLog(): readonly string[] },
  { failpoint }: Pick<PlannedKill, 'failpoint'>,
): Promise<void> {
  const { process } = run.platform
  let patience: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    patience = setTimeout(() => resolve(undefined), DEATH_MS)
  })
  const end = await Promise.race([process.exited, late])
  clearTimeout(patience)
  if (end === undefined) throw new TypeError(`${failpoint} was not reached`)
  const log = run.failpointLog()
  if (end.signal !== 'SIGKILL' || log.length !== 1 || log[0] !== `${failpoint} pid=${process.pid}`)
    throw new TypeError(`died by ${end.signal ?? end.code} with the log «${log.join(' ')}»`)
}

/** What the dead process sent may still be on its way. From FP3 on exactly one request has left, before that none. */
export async function settle(arena: Pick<Place, 'witness'>, plan: PlannedKill, { serverClass, family, seq }: Connected): Promise<number> {
  const witness = arena.witness(serverClass)
  const hasSent = FAILPOINTS.indexOf(plan.failpoint) >= FAILPOINTS.indexOf('FP3')
  if (hasSent) await waitFor(ARRIVAL_MS, () => refreshesOf(witness.ledger(), family, seq).length > 0 || undefined)
  const sent = refreshesOf(witness.ledger(), family, seq).length
  if (sent !== (hasSent ? 1 : 0)) throw new TypeError(`${sent} token requests had arrived at the death`)
  return witness.ledger().at(-1)?.seq ?? 0
}

/** Refresh requests of a family after an entry. */
export function refreshesOf(ledger: readonly LedgerEntry[], family: string, afterSeq: number): LedgerEntry[] {
  return ledger.filter(
    (entry) => entry.kind === 'token' && entry.grantType === 'refresh_token' && entry.family === family && entry.seq > afterSeq,
  )
}

import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { seededRandom } from '@credence/testkit'
import { type Arena, openArena, REFRESH_SETTINGS } from './arena.ts'
import { judgeKill } from './judge-kill.ts'
import { type Kill, kill } from './kill.ts'
import { batchKills, type PlannedKill, type ServerClass } from './plan-kills.ts'
import { recover } from './recover.ts'
import { type KillRecord, makeReport, type TortureReport } from './report.ts'

export interface TortureOptions {
  readonly plan: readonly PlannedKill[]
  /** Decides the order of the kills. */
  readonly seed: number
  /** `class`: a home of its own for each server class. `all`: one home for all of them, which needs fewer starts. */
  readonly homes: 'class' | 'all'
  /** After so many kills a quiet start recovers them; fewer of them are recovered while their lease is in force. */
  readonly mostInBatch: number
  /** Called for each kill as soon as it is judged. */
  readonly onKill: (record: KillRecord, done: { readonly count: number; readonly of: number }) => void
}

/** Two platforms keep two cores busy; more of them would miss their deadlines. */
const MOST_AT_ONCE = 2
/** A home in which so much went wrong gives no evidence any more. */
const MOST_UNPLANNED = 3
const MOST_WORDS = 1200

/** Kills the platform, again and again, and judges each kill by the ledger of the authorization server. */
export async function torture(options: TortureOptions): Promise<TortureReport> {
  const startedMs = performance.now()
  const { plan: planned } = options
  const random = seededRandom(options.seed)
  const named = [...new Set(planned.map(({ serverClass }) => serverClass))]
  const homes = options.homes === 'all' ? [named] : named.map((one) => [one])
  const records: KillRecord[] = []
  const violations: string[] = []
  const left = homes.map((classes) => ({
    classes,
    batches: batchKills(
      planned.filter((plan) => classes.includes(plan.serverClass)),
      random,
      options.mostInBatch,
    ),
  }))
  const note = (record: KillRecord): void => {
    records.push(record)
    options.onKill(record, { count: records.length, of: planned.length })
  }
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) violations.push(...(await tortureHome(next, note)))
  }
  await Promise.all(Array.from({ length: MOST_AT_ONCE }, work))
  if (records.length !== planned.length) violations.push(`only ${records.length} of ${planned.length} kills took place`)
  const ms = Math.round(performance.now() - startedMs)
  return makeReport(records, { seed: options.seed, settings: REFRESH_SETTINGS, violations, ms })
}

/** All batches of one home. The platform never stops cleanly: quiet starts end by a SIGKILL too. */
async function tortureHome(
  { classes, batches }: { readonly classes: readonly ServerClass[]; readonly batches: readonly (readonly PlannedKill[])[] },
  note: (record: KillRecord) => void,
): Promise<string[]> {
  const arena = await openArena(classes)
  let unplanned = 0
  try {
    for (const batch of batches) {
      const kills: Kill<PlannedKill>[] = []
      for (const plan of batch) {
        if (unplanned >= MOST_UNPLANNED) return []
        const killed = await kill(arena, plan).catch((error: unknown) => {
          unplanned++
          note({ ...plan, hit: false, faults: [wordsOf(error)] })
        })
        if (killed !== undefined) kills.push(killed)
      }
      await recoverAll(arena, kills, note)
    }
    return integrityFaults(arena, classes)
  } finally {
    await arena.close()
  }
}

async function recoverAll(arena: Arena, kills: readonly Kill<PlannedKill>[], note: (record: KillRecord) => void): Promise<void> {
  if (kills.length === 0) return
  const starting = arena.start()
  const recoverOne = async (killed: Kill<PlannedKill>): Promise<KillRecord> => {
    const recovery = await recover(arena, await starting, killed)
    const verdict = judgeKill(killed, recovery, arena.witness(killed.serverClass).ledger())
    const { end, reason, tookMs } = recovery
    return { ...killed.plan, hit: true, end, ...(reason === '' ? {} : { reason }), tookMs, verdict, faults: verdict.faults }
  }
  await Promise.all(
    kills.map(async (killed) =>
      note(await recoverOne(killed).catch((error: unknown) => ({ ...killed.plan, hit: true, faults: [wordsOf(error)] }))),
    ),
  )
  await arena.halt()
}

/** THREATS R18: after all these kills the database file must still be whole. */
function integrityFaults(arena: Arena, classes: readonly ServerClass[]): string[] {
  using database = new DatabaseSync(join(arena.home, 'credence.db'), { readOnly: true })
  const { integrity_check: found } = database.prepare('PRAGMA integrity_check').get() as { integrity_check: string }
  return found === 'ok' ? [] : [`the database of ${classes.join(', ')} is damaged: ${found}`]
}

/** A process that failed to start tells its whole log. */
function wordsOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.length < MOST_WORDS ? text : `${text.slice(0, MOST_WORDS / 4)} … ${text.slice((-3 * MOST_WORDS) / 4)}`
}

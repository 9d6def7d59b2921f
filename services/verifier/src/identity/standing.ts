import { createHash } from 'node:crypto'
import { idOf, SECURITY_LEVELS, type SecurityLevel } from '@credence/credential'
import { type HasOutbox, OUTBOX_INDEX } from '@credence/events'
import type { CollectionSpec } from '@credence/store'
import { type LookupPause, NO_PAUSE } from './lookup-pause.ts'

/** That a customer was verified, as it was told to the vault. */
export interface GrantedPass {
  readonly id: string
  readonly version: number
  readonly grantedAt: Date
  readonly expiresAt: Date
}

/**
 * What one customer has shown for one capability (`verifier_standings`). Counting is its whole purpose:
 *
 * I1 An attempt is counted, in one compare-and-set, before anything is compared; `serial` rises with it and never falls, and a
 *    challenge is good for the serial that it names: of two who answer it at once one is compared.
 * I2 The attempt that uses up the round locks in the same write, so that whoever stops between finds it locked; only an answer
 *    that was right, or that could not be compared, takes the lock back.
 * I3 A lookup that fails costs no attempt. What limits them are the pauses after several in a row, in which none is made.
 */
export interface Standing extends HasOutbox, LookupPause {
  readonly project: string
  readonly capability: string
  /** `usr_…` */
  readonly user: string
  readonly serial: number
  /** Attempts of this round. */
  readonly used: number
  /** How often in a row it was locked. */
  readonly locks: number
  readonly lockedUntil?: Date | undefined
  readonly triedAt?: Date | undefined
  /** Of the fence in the vault. */
  readonly generation: number
  readonly names: readonly string[]
  readonly pass?: GrantedPass | undefined
  /** Present with a pass, which is listed by it. */
  readonly passIn?: string | undefined
}

export const STANDING_COLLECTION: CollectionSpec = {
  name: 'verifier_standings',
  indexes: [OUTBOX_INDEX, { name: 'by_pass', members: ['pass.id'] }, { name: 'in_force', members: ['passIn', 'pass.expiresAt'] }],
}

const MINUTE_MS = 60_000
/** A round that nobody goes on with begins anew: no sooner than the longest lock would let it. */
const ROUND_KEPT_MS = 24 * 60 * MINUTE_MS
/** Locks get shorter again for a customer who has given no wrong answer for so long. */
const LOCKS_KEPT_MS = 30 * 24 * 60 * MINUTE_MS

export interface Before {
  readonly project: string
  readonly capability: string
  readonly user: string
}

export function standingId({ project, capability, user }: Before): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([project, capability, user]))
    .digest()
  return idOf('idn', hash)
}

export function firstStanding(of: Before): Standing {
  const { project, capability, user } = of
  const counts = { serial: 0, used: 0, locks: 0, generation: 0, factSeq: 0 }
  return { id: standingId(of), v: 1, project, capability, user, names: [], ...counts, outbox: [] }
}

/** The standing as it is at this time: locks that are over, and rounds that nobody went on with. */
export function standingAt(doc: Standing, now: number): Standing {
  const { lockedUntil, triedAt } = doc
  const quietMs = now - (triedAt?.getTime() ?? now)
  const isOver = lockedUntil !== undefined && lockedUntil.getTime() <= now
  const isNewRound = isOver || (lockedUntil === undefined && quietMs >= ROUND_KEPT_MS)
  return {
    ...doc,
    ...(quietMs >= LOCKS_KEPT_MS ? { locks: 0 } : {}),
    ...(quietMs >= ROUND_KEPT_MS ? NO_PAUSE : {}),
    ...(isNewRound ? { used: 0, lockedUntil: undefined } : {}),
  }
}

export function attemptsLeft({ used, lockedUntil }: Standing, level: SecurityLevel): number {
  return lockedUntil === undefined ? Math.max(SECURITY_LEVELS[level].attempts - used, 0) : 0
}

/** I1, I2: with one attempt more. */
export function counted(doc: Standing, level: SecurityLevel, now: number): Standing {
  const { attempts, lockMinutes } = SECURITY_LEVELS[level]
  const next = { ...doc, serial: doc.serial + 1, used: doc.used + 1, triedAt: new Date(now) }
  if (next.used < attempts) return next
  const minutes = lockMinutes[Math.min(doc.locks, lockMinutes.length - 1)] ?? 0
  return { ...next, locks: doc.locks + 1, lockedUntil: new Date(now + minutes * MINUTE_MS) }
}

/** Nothing was compared: the attempt is given back, and the lock that it brought. Its challenge stays spent. */
export function givenBack(doc: Standing, mine: Standing): Standing {
  const isMyLock = mine.lockedUntil !== undefined && doc.lockedUntil?.getTime() === mine.lockedUntil.getTime()
  const used = Math.max(doc.used - 1, 0)
  return isMyLock ? { ...doc, used, locks: Math.max(doc.locks - 1, 0), lockedUntil: undefined } : { ...doc, used }
}

/** The answers were right. */
export function passed(doc: Standing, pass: GrantedPass, names: readonly string[]): Standing {
  const generation = doc.generation + 1
  return {
    ...doc,
    ...NO_PAUSE,
    used: 0,
    locks: 0,
    lockedUntil: undefined,
    pass,
    passIn: doc.project,
    names: [...new Set([...doc.names, ...names])],
    generation,
  }
}

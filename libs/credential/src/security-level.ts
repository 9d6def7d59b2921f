export type SecurityLevel = 'none' | 'basic' | 'strict'

/** How many facts a level asks for, what a wrong answer costs, and how long a right one is good for. */
export interface SecurityRule {
  readonly leastFacts: number
  readonly mostFacts: number
  /** How often a customer may answer, per capability, before he has to wait. */
  readonly attempts: number
  /** How long he waits: the first time, the second, and so on; the last one from then on. Minutes. */
  readonly lockMinutes: readonly number[]
  /** How long calls pass after the right answers. Minutes. */
  readonly passMinutes: number
  readonly says: string
}

/** How sure the team must be of who is at the other end before a capability runs. */
export const SECURITY_LEVELS: Readonly<Record<SecurityLevel, SecurityRule>> = {
  none: { leastFacts: 0, mostFacts: 0, attempts: 0, lockMinutes: [], passMinutes: 0, says: 'Nothing is asked.' },
  basic: {
    leastFacts: 1,
    mostFacts: 8,
    attempts: 5,
    lockMinutes: [15, 60, 240, 1440],
    passMinutes: 30,
    says: 'At least one fact is asked, and every fact must match your records.',
  },
  strict: {
    leastFacts: 2,
    mostFacts: 8,
    attempts: 3,
    lockMinutes: [60, 1440],
    passMinutes: 5,
    says: 'At least two facts are asked, and every fact must match your records.',
  },
}

export type SecurityLevel = 'none' | 'basic' | 'strict'

/** How many facts a level asks for. */
export interface SecurityRule {
  readonly leastFacts: number
  readonly mostFacts: number
  readonly says: string
}

/** How sure the team must be of who is at the other end before a capability runs. */
export const SECURITY_LEVELS: Readonly<Record<SecurityLevel, SecurityRule>> = {
  none: { leastFacts: 0, mostFacts: 0, says: 'Nothing is asked.' },
  basic: { leastFacts: 1, mostFacts: 8, says: 'At least one fact is asked, and every fact must match your records.' },
  strict: { leastFacts: 2, mostFacts: 8, says: 'At least two facts are asked, and every fact must match your records.' },
}

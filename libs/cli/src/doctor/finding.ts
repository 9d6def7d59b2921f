/** One thing that `doctor` looked at. What cannot be known is a warning, never a pass. */
export interface Finding {
  readonly check: string
  readonly state: 'ok' | 'warning' | 'failed'
  /** What was seen, and what to do where it is not well. */
  readonly says: string
}

export const ok = (check: string, says: string): Finding => ({ check, state: 'ok', says })
export const warning = (check: string, says: string): Finding => ({ check, state: 'warning', says })
export const failed = (check: string, says: string): Finding => ({ check, state: 'failed', says })

/** The refresh protocol as pure decisions: which step comes next, what a token endpoint's answer did, what it means, how long to wait. */
export { type RefreshClass, refusesGrant, spentness, type TokenAnswer } from './answer.ts'
export { backoffMs, parseRetryAfter } from './backoff.ts'
export { type History, judge, type Outcome, type Verdict } from './judge.ts'
export { openIntentRule } from './open-intent.ts'
export type { Intent, Lease, RefreshChild, Sent } from './record.ts'
export { decideSave, decideStart, mayWrite } from './steps.ts'
export { checkRefreshTimes, DEFAULT_REFRESH_TIMES, type RefreshTimes } from './times.ts'

/** The token-refresher: when a grant is refreshed, what a refusal means for the credential, and when a person must act. */
export type { RefresherConfig } from './config.ts'
export type { QueueWorker, RefreshJob, RefreshQueue } from './queue/refresh-queue.ts'
export { type RefresherAdapters, type RunningRefresher, start } from './service.ts'

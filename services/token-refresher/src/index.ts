/** The token-refresher: when a grant is refreshed, what a refusal means for the credential, and when a person must act. */
export type { RefresherConfig } from './config.ts'
export { type BullmqQueue, type BullmqQueueOptions, openBullmqQueue } from './queue/bullmq-queue.ts'
export { checkRedis, type RedisFinding } from './queue/check-redis.ts'
export type { QueueWorker, RefreshJob, RefreshQueue } from './queue/refresh-queue.ts'
export { type RefresherAdapters, type RunningRefresher, start } from './service.ts'

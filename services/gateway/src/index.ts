/** The gateway: connect sessions and their pages, REST, the console and the stream of facts; the only door for people and backends. */
export type { GatewayConfig } from './config.ts'
export { type GatewayAdapters, type RunningGateway, start } from './service.ts'

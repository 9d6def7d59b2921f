/** What a service stands on when it is a process of its own: settings, store, bus, identity, peers, caller listener, probes. */
export type { Host } from './host.ts'
export { startProbes } from './probes.ts'
export { type ServiceMain, type ServiceSpec, serviceMain } from './service-main.ts'
export { HOST_SETTINGS, REFRESH_SETTINGS, refreshTimesOf } from './settings.ts'
export type { StandingService } from './standing-service.ts'

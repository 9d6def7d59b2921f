/** The registry: projects, users, callers, providers, OAuth clients and the parents of credentials; who may see and use what. */
export type { RegistryConfig } from './config.ts'
export { type RegistryAdapters, type RunningRegistry, start } from './service.ts'

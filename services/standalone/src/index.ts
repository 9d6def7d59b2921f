/** The embedded profile: all five services mounted in one process on SQLite, with real gRPC between them. */
export { readConfig, STANDALONE_SETTINGS, type StandaloneConfig } from './config.ts'
export { type RunningStandalone, type StandaloneAdapters, startStandalone } from './standalone.ts'

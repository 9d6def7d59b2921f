import type { inspectJetStream as inspect } from './jetstream/inspect.ts'
import type { openJetStreamBus as open } from './jetstream/open.ts'

// The client is loaded by whoever opens a bus with it: the embedded profile starts without.

/** See `jetstream/open.ts`. */
export const openJetStreamBus: typeof open = async (options) => (await import('./jetstream/open.ts')).openJetStreamBus(options)

/** See `jetstream/inspect.ts`. */
export const inspectJetStream: typeof inspect = async (options) => (await import('./jetstream/inspect.ts')).inspectJetStream(options)

import type { inspectMongo as inspect } from './mongodb/inspect.ts'
import type { openMongoStore as open } from './mongodb/open.ts'

// The driver is loaded by whoever opens a store with it: the embedded profile starts without.

/** See `mongodb/open.ts`. */
export const openMongoStore: typeof open = async (options) => (await import('./mongodb/open.ts')).openMongoStore(options)

/** See `mongodb/inspect.ts`. */
export const inspectMongo: typeof inspect = async (...given) => (await import('./mongodb/inspect.ts')).inspectMongo(...given)

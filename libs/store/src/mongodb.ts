import type { inspectMongo as inspect } from './mongodb/inspect.ts'
import type { openMongoStore as open } from './mongodb/open.ts'
import type { peekMongo as peek } from './mongodb/peek.ts'

// The driver is loaded by whoever opens a store with it: the embedded profile starts without.

/** See `mongodb/open.ts`. */
export const openMongoStore: typeof open = async (options) => (await import('./mongodb/open.ts')).openMongoStore(options)

/** See `mongodb/inspect.ts`. */
export const inspectMongo: typeof inspect = async (...given) => (await import('./mongodb/inspect.ts')).inspectMongo(...given)

/** See `mongodb/peek.ts`. */
export const peekMongo: typeof peek = async (options) => (await import('./mongodb/peek.ts')).peekMongo(options)

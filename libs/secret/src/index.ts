/** Secret bytes: a value that cannot be printed, memory that can be wiped whole, and the wiping. */
export { looksLikeSecret } from './looks-like-secret.ts'
export { Secret } from './secret.ts'
export { secretBuffer, secretConcat } from './secret-buffer.ts'
export { wipe } from './wipe.ts'

/** Secret bytes: a value that cannot be printed, compared in variable time, or kept longer than needed by accident. */
export { Secret } from './secret.ts'
export { wipe } from './wipe.ts'

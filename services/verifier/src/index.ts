/** The verifier: chooses the safe read-only call that proves a credential, and says what its answer means. */
export type { VerifierConfig } from './config.ts'
export { RESEARCH_SETTINGS, researchOf } from './research-settings.ts'
export { start, type VerifierAdapters } from './service.ts'

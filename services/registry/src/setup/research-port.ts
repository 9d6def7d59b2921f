import type { SetupReport } from './setup.ts'

/** What the registry asks of the verifier. */
export interface ResearchPort {
  /** Reads public documents for up to two minutes. Throws SECRET_REFUSED, THROTTLED, UNAVAILABLE. */
  research(project: string, text: string, signal: AbortSignal): Promise<Omit<SetupReport, 'source'> & { readonly source: string }>
}

import type { EgressSettings } from '@credence/egress'
import type { ResearchConfig } from './research-settings.ts'

/** What the verifier is told at start; frozen. */
export interface VerifierConfig {
  readonly host: string
  /** Service gRPC. 0: any free port. */
  readonly port: number
  /** How often credentials whose provider could not be asked are looked for. Default 15 s. */
  readonly recheckMs?: number
  /** For public documentation. Default: nothing private, nothing mapped. */
  readonly egress?: EgressSettings
  /** Default: no model and no search. */
  readonly research?: ResearchConfig
}

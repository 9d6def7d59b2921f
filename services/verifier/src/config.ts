/** What the verifier is told at start; frozen. */
export interface VerifierConfig {
  readonly host: string
  /** Service gRPC. 0: any free port. */
  readonly port: number
}

/** What the verifier is told at start; frozen. */
export interface VerifierConfig {
  readonly host: string
  /** Service gRPC. 0: any free port. */
  readonly port: number
  /** How often credentials whose provider could not be asked are looked for. Default 15 s. */
  readonly recheckMs?: number
}

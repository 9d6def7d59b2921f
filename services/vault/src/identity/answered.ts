/** What a customer answered, and who he says that he is. */
export interface Answered {
  readonly capabilityId: string
  readonly user: string
  readonly names: readonly string[]
  readonly answers: ReadonlyMap<string, Uint8Array>
  /** Of what was asked. */
  readonly version: number
  readonly how: string
}

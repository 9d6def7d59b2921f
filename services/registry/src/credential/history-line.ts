/** One line of what happened to a credential; never a token. */
export interface HistoryLine {
  readonly id: string
  readonly at: Date
  readonly action: string
  /** `key_…`, `usr_…`, or `platform`. */
  readonly actor: string
  readonly user: string
  readonly consumer: string
  readonly outcome: string
  readonly httpStatus: number
  readonly providerError: string
  readonly traceId: string
  readonly credentialId: string
  /** Empty also where it belongs to several. */
  readonly capabilityId: string
  readonly method: string
}

/** How far the audit log of an instance had come when the store was last written. */
export interface Anchored {
  readonly count: number
  /** HMAC of the record of that number, hex. */
  readonly mac: string
  readonly at: Date
}

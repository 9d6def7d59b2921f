/** A sign-in on another device that is under way (RFC 8628). */
export interface DeviceRecord {
  readonly clientId: string
  readonly userCode: string
  readonly scope: string
  readonly expiresAt: number
  intervalMs: number
  lastPollAt: number
  decision: 'pending' | 'approved' | 'denied'
}

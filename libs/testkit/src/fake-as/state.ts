import type { Clock, Random } from '@credence/service'
import type { Behaviours } from './behaviour.ts'
import type { DeviceRecord } from './device-record.ts'
import type { Account, Family, Grants, ServerClass } from './grants.ts'
import type { Ledger } from './ledger.ts'

/** A client as it is registered at the fake server; without a secret it is a public one. */
export interface FakeClient {
  readonly clientId: string
  readonly clientSecret?: string
  /** Compared as strings, whole (RFC 9700 §2.1). */
  readonly redirectUris: string[]
  /** Default: either of them is taken. */
  readonly authMethod?: 'client_secret_basic' | 'client_secret_post'
  /** PEM, for a client that signs in place of a secret (RFC 7523 §2.2). */
  readonly publicKey?: string
}

/** A code that waits for its exchange; kept after it, so that a second use is seen. */
export interface CodeRecord {
  readonly clientId: string
  readonly redirectUri: string
  readonly challenge: string
  readonly scope: string
  readonly account: Account
  readonly expiresAt: number
  usedBy?: Family
}

/** Everything that the endpoints of one fake server share. */
export interface FakeState {
  issuer: string
  readonly serverClass: ServerClass
  readonly expiresInS: number
  /** Shows a page with "Allow" and "Deny" instead of consenting by itself. */
  readonly consentPage: boolean
  readonly clock: Clock
  readonly random: Random
  readonly clients: Map<string, FakeClient>
  readonly codes: Map<string, CodeRecord>
  readonly ledger: Ledger
  readonly grants: Grants
  readonly behaviours: Behaviours
  /** Public keys in PEM by the issuer whose assertions they prove (RFC 7523 §2.1). */
  readonly assertionKeys: Map<string, string>
  readonly seenAssertions: Set<string>
  /** Whose the tokens are that may be exchanged (RFC 8693). */
  readonly subjectTokens: Map<string, string>
  /** By device code. */
  readonly devices: Map<string, DeviceRecord>
  readonly device: { readonly intervalS: number; readonly lifeS: number }
  /** Who is signed in at the browser of whoever comes to the authorize endpoint. */
  account: Account
}

export function randomName(state: FakeState, prefix: string): string {
  return `${prefix}_${Buffer.from(state.random.bytes(18)).toString('base64url')}`
}

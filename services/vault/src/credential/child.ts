import type { CredentialFamily } from '@credence/credential'
import { type HasOutbox, OUTBOX_INDEX } from '@credence/events'
import type { Intent, Lease, TokenAnswer } from '@credence/refresh-protocol'
import type { IndexSpec } from '@credence/store'
import type { NativeFacts } from '../thirdparty/native.ts'

/**
 * A credential's secret as stored. Only `sealed`, and the same member of `candidate` and `prev`, hold ciphertext:
 *
 *     sealed.box        nonce 12 | tag 16 | AES-256-GCM(dek, secret fields)    see aead.ts, secret-fields.ts
 *     sealed.wrappedDek nonce 12 | tag 16 | AES-256-GCM(project key, dek 32)
 *     sealed.commitment HMAC-SHA256(dek, label): one ciphertext opens under one key only
 *     access.mac        HMAC-SHA256(key derived from dek, fence): a storage writer cannot let himself in
 *
 * C1 The associated data binds a box to project, credential, version, kind, recipe and hosts: a copied row does not open.
 * C2 A fresh DEK per write: every key encrypts once, so no nonce repeats under it.
 * C3 `version` counts secrets, `access.generation` counts fences; neither ever falls (floors.ts).
 */
export interface Child extends HasOutbox {
  readonly project: string
  readonly family: CredentialFamily
  /** Counts secrets; 0 while there is only a candidate. */
  readonly version: number
  readonly recipe: string
  readonly plain: Readonly<Record<string, string>>
  readonly sealed?: Sealed
  readonly access?: Access
  readonly token?: TokenTimes
  /** Of a platform's own sign-in. */
  readonly native?: NativeFacts
  /** When a static secret ends by its own statement. */
  readonly expiresAt?: Date
  readonly lease?: Lease
  readonly intent?: Intent
  /** Against the provider's budget for one refresh token, ms; absent where it sets none. */
  readonly refreshesTaken?: readonly number[]
  readonly candidate?: Candidate
  readonly prev?: Previous
  readonly lastRefresh?: LastRefresh
  readonly refused?: Refused
  /** `live` on OAuth children in force and on static ones with a stated end: what the refresher pages through. */
  readonly grant?: string
  readonly deleted?: Tombstone
  /** The candidate that the secret in force came from: a repeated Promote finds itself done. */
  readonly promoted?: string
}

/** The version whose refusal by the API was told: once per version. */
export interface Refused {
  readonly version: number
  readonly at: Date
  /** How many versions, each made because the one before was refused, were refused one after the other. */
  readonly inARow: number
}

export interface Sealed {
  readonly alg: 'A256GCM'
  readonly projectKeyId: string
  readonly wrappedDek: Uint8Array
  readonly box: Uint8Array
  readonly commitment: Uint8Array
}

/** The fence: who may use it. `owner` and `shares` hold folded user names; `project` stands for everybody in the project. */
export interface Access {
  readonly generation: number
  readonly state: 'active' | 'expired' | 'disabled'
  readonly reason: string
  readonly owner: readonly string[]
  readonly shares: readonly { readonly names: readonly string[]; readonly permission: string }[]
  /** Capabilities that stand before it: with any, it is used through a capability alone. Absent: none. */
  readonly gates?: readonly string[]
  /** Every capability that uses it, for the history of each. Absent: none. */
  readonly capabilities?: readonly string[]
  /** Consumers that stand on a native channel each; absent without any. */
  readonly channels?: readonly ChannelBinding[]
  readonly mac: Uint8Array
}

/** A consumer that calls for one asset of the credential, with the token of its channel. */
export interface ChannelBinding {
  readonly consumer: string
  readonly channel: string
  readonly nativeId: string
}

/** A sealed secret that nobody may use yet: only a probe may open it, until it is promoted or its time is over. */
export interface Candidate {
  readonly id: string
  readonly sealed: Sealed
  readonly recipe: string
  readonly plain: Readonly<Record<string, string>>
  readonly until: Date
  readonly token?: TokenTimes
  readonly expiresAt?: Date
  /** The capability that it was granted to in a conversation. */
  readonly capability?: string
  readonly native?: NativeFacts
}

/** The secret before the last refresh, kept for the provider's grace time. */
export interface Previous {
  readonly version: number
  readonly sealed: Sealed
  readonly until: Date
}

export interface TokenTimes {
  readonly issuedAt: Date
  readonly expiresAt?: Date
  /** When the person consented. Absent on grants of before it was kept. */
  readonly grantedAt?: Date
  /** When the grant ends however often it is refreshed, where provider or server says so. */
  readonly grantEndsAt?: Date
  readonly scopes: readonly string[]
  /** HMAC fingerprint of the refresh token: tells two apart, gives none away. Absent without one. */
  readonly rtId?: string
  /** The generation of the OAuth client's secret at the time. */
  readonly clientGeneration: number
}

/** The last refresh that did not succeed, for whoever has to judge it. */
export interface LastRefresh {
  readonly at: Date
  readonly answer: TokenAnswer
  readonly replay: boolean
  readonly openIntent: boolean
  readonly clientChanged: boolean
}

/** What stays of a deleted credential: those who could use it learn that it is gone, everybody else that it never was. */
export interface Tombstone {
  readonly at: Date
  readonly visibleTo: readonly string[]
  readonly consumers: readonly string[]
}

export const CHILD_COLLECTION = 'vault_credentials'
export const CHILD_INDEXES: readonly IndexSpec[] = [
  { name: 'by_project', members: ['project'] },
  { name: 'by_grant', members: ['grant'] },
  { name: 'by_candidate_end', members: ['candidate.until'] },
  { name: 'by_previous_end', members: ['prev.until'] },
  OUTBOX_INDEX,
]

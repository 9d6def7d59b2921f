import type * as credential from '@credence/proto/credential'
import type * as events from '@credence/proto/events'
import type * as gateway from '@credence/proto/gateway'
import type * as registry from '@credence/proto/registry'
import type * as verifier from '@credence/proto/verifier'

/** A message of the contract as a program reads it: without the book-keeping of its encoding. */
type Message<T> = T extends Date | Uint8Array | string | number | boolean | undefined
  ? T
  : T extends readonly (infer E)[]
    ? readonly Message<E>[]
    : { readonly [K in keyof T as K extends '_unknownFields' ? never : K]: Message<T[K]> }

/** A credential as its owner, those it is shared with and their tools see it. Never holds a secret. */
export interface Credential extends Omit<Message<credential.Credential>, 'status' | 'level'> {
  readonly status: 'active' | 'expired' | 'disabled'
  readonly level: 'user' | 'project'
}

/** A tool, channel or agent that a credential is bound to. */
export interface Consumer extends Message<credential.Consumer> {}

/** The connecting of one account, from its link to its end. */
export interface Session extends Omit<Message<gateway.Session>, 'state' | 'confirm'> {
  readonly state: 'open' | 'at_provider' | 'unconfirmed' | 'connected' | 'failed' | 'cancelled' | 'timed_out'
  readonly confirm: 'host' | 'code' | 'login' | 'none'
}

/** A provider and the payload that describes it. */
export interface Provider extends Omit<Message<registry.Provider>, 'payloadJson'> {
  /** The payload as it was received, byte for byte. */
  readonly payloadJson: string
}

/** The OAuth client of a provider; its secret is never given back. */
export interface OauthClient extends Message<registry.OauthClient> {}

/** One use, refresh, verification, connect attempt or change of a credential. */
export interface HistoryEntry extends Message<registry.HistoryEntry> {}

/** An API key, without its secret. */
export interface Key extends Message<registry.Key> {}

/** The settings of the project that the key belongs to. */
export interface Project extends Message<registry.Project> {}

/** A fact in the past tense: ids, times and reason codes. */
export interface CredenceEvent extends Message<events.Event> {}

/** What one safe read-only call said of a credential. */
export interface Verdict extends Message<verifier.VerifyResponse> {}

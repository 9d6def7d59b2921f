import type * as capability from '@credence/proto/capability'
import type * as consent from '@credence/proto/consent'
import type * as credential from '@credence/proto/credential'
import type * as events from '@credence/proto/events'
import type * as gateway from '@credence/proto/gateway'
import type * as history from '@credence/proto/history'
import type * as identity from '@credence/proto/identity'
import type * as provider from '@credence/proto/provider'
import type * as refresher from '@credence/proto/refresher'
import type * as registry from '@credence/proto/registry'
import type * as research from '@credence/proto/research'
import type * as setup from '@credence/proto/setup'
import type * as vaultIdentity from '@credence/proto/vault-identity'
import type * as verifier from '@credence/proto/verifier'

/** A message of the contract as a program reads it: without the book-keeping of its encoding. */
type Message<T> = T extends Date | Uint8Array | string | number | boolean | undefined
  ? T
  : T extends readonly (infer E)[]
    ? readonly Message<E>[]
    : { readonly [K in keyof T as K extends '_unknownFields' ? never : K]: Message<T[K]> }

/** The same with members that REST leaves out when they are empty. */
type Sparse<T, K extends keyof T> = Omit<T, K> & { readonly [P in K]?: T[P] }

/** A number, an account or a page that a credential may be used for. */
export interface Asset extends Sparse<Message<credential.Asset>, 'label' | 'parent'> {}

/** A credential as its owner, those it is shared with and their tools see it. Never holds a secret. */
export interface Credential extends Omit<Sparse<Message<credential.Credential>, 'reason' | 'health'>, 'status' | 'level' | 'assets'> {
  /** What a platform's own sign-in handed over. */
  readonly assets: readonly Asset[]
  readonly status: 'active' | 'expired' | 'disabled'
  readonly level: 'user' | 'project'
}

/** What agents may do with a provider, and with whose credential. */
export interface Capability extends Omit<Sparse<Message<capability.Capability>, 'credentialId'>, 'mode' | 'security' | 'consent'> {
  readonly mode: 'external_oauth' | 'proxy' | 'full_access' | 'custom'
  readonly security: Sparse<Message<capability.Security>, 'lookup' | 'pageOnly'>
  readonly consent: Sparse<Message<capability.ConsentRequirement>, 'scopes'>
}

/** That a customer was verified for a capability. */
export interface Pass extends Message<identity.Pass> {}

/** Which facts are known of a customer, never what they are. */
export interface IdentityRecord extends Message<vaultIdentity.KnownFacts> {}

/** What one customer consented to for one capability: the latest giving, and the former ones. */
export interface Consent
  extends Omit<Message<consent.Consent>, 'latest' | 'earlier' | 'state'>,
    Sparse<Message<consent.ConsentEntry>, 'withdrawnBy'> {
  readonly state: 'given' | 'withdrawn'
  readonly earlier: readonly Sparse<Message<consent.ConsentEntry>, 'withdrawnBy'>[]
}

/** A tool, channel or agent that a credential is bound to. */
export interface Consumer extends Sparse<Message<credential.Consumer>, 'channel' | 'nativeId' | 'agent'> {}

/** The connecting of one account, from its link to its end. */
export interface Session
  extends Omit<Sparse<Message<gateway.Session>, 'credentialId' | 'capabilityId' | 'code' | 'detail' | 'device'>, 'state' | 'confirm'> {
  readonly state: 'open' | 'at_provider' | 'unconfirmed' | 'connected' | 'failed' | 'cancelled' | 'timed_out'
  readonly confirm: 'host' | 'code' | 'login' | 'none' | 'widget'
}

/** A provider and the payload that describes it. */
export interface Provider extends Omit<Message<provider.Provider>, 'payloadJson'> {
  /** The payload as it was received, byte for byte; `JSON.parse` it to look inside. */
  readonly payloadJson: string
}

/** The OAuth client of a provider; its secret is never given back. */
export interface OauthClient extends Omit<Message<provider.OauthClient>, 'oauthClientId'> {
  /** The identifier that the provider gave (RFC 6749 §2.2). */
  readonly clientId: string
  readonly redirectUri: string
}

/** One use, refresh, verification, connect attempt or change of a credential. */
export interface HistoryEntry
  extends Omit<
    Sparse<Message<history.HistoryEntry>, 'user' | 'consumer' | 'method' | 'credentialId' | 'capabilityId' | 'providerError' | 'traceId'>,
    'httpStatus'
  > {
  /** What the provider answered, where it was asked. */
  readonly upstreamStatus?: number
}

/** An API key, without its secret. */
export interface Key extends Sparse<Message<registry.Key>, 'role'> {}

/** The settings of the project that the key belongs to. */
export interface Project extends Message<registry.Project> {}

/** A fact in the past tense, in the members of CloudEvents 1.0: ids, times and reason codes. */
export interface CredenceEvent extends Omit<Sparse<Message<events.Event>, 'traceparent'>, 'data' | 'time'> {
  readonly time: Date
  readonly data: Readonly<Record<string, string | number | boolean>>
}

/** When a credential is refreshed next, and how the last tries went. */
export interface RefreshPlan extends Sparse<Message<refresher.GetPlanResponse>, 'kind' | 'state'> {}

/** What one safe read-only call said of a credential. */
export interface Verdict extends Omit<Sparse<Message<verifier.VerifyResponse>, 'cause' | 'sentence'>, 'httpStatus' | 'verdict'> {
  /** `undecided`: the provider was down or throttled; `no_probe`: nothing safe to call is known. */
  readonly verdict: 'ok' | 'failed' | 'undecided' | 'no_probe'
  readonly upstreamStatus: number
}

type Optional = 'name' | 'site' | 'needs' | 'sentence' | 'cause' | 'providerId' | 'providerVersion' | 'source' | 'registrationUri'
type OptionalToo = 'sessionId' | 'credentialId' | 'batchId' | 'label' | 'level'

/** The setup of a service, from its name or address to a verified credential. Never holds a secret. */
export interface Setup
  extends Omit<
    Sparse<Message<setup.Setup>, Optional | OptionalToo>,
    'state' | 'payloadJson' | 'steps' | 'redirectUri' | 'createdAt' | 'movedAt'
  > {
  readonly state: 'research' | 'guided' | 'connect' | 'verify' | 'done' | 'cancelled'
  /** The provider payload that was found. */
  readonly payload?: Readonly<Record<string, unknown>>
  readonly steps: readonly (Omit<Sparse<Message<research.GuidedStep>, 'url'>, 'showsRedirectAddress'> & {
    /** What to enter at the provider, letter by letter. */
    readonly redirectUri?: string
  })[]
  readonly createdAt: Date
  readonly movedAt: Date
}

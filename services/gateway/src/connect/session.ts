import type { HasOutbox } from '@credence/events'
import type { Principal } from '@credence/rpc'

/**
 * Where a session stands. `open` waits for input; `choosing` for the person's choice of what a sign-in handed over; `checking` while the vault and the verifier are asked; `question` waits
 * for the person's yes; `connecting` is confirmed and on its way to the registry, where a sweeper finishes it.
 */
export type SessionState =
  | 'open'
  | 'at_provider'
  | 'choosing'
  | 'checking'
  | 'question'
  | 'unconfirmed'
  | 'connecting'
  | 'connected'
  | 'failed'
  | 'cancelled'
  | 'timed_out'

export const CONFIRMS = ['host', 'code', 'login', 'none'] as const
/**
 * How the person at the end is proven to be the person of the start. `widget` cannot be asked for: sessions that a widget
 * starts have it, and their proof stands at the start (`opener`).
 */
export type Confirm = (typeof CONFIRMS)[number] | 'widget'

/** The page that started a session from a widget and opens its window. */
export interface Opener {
  /** The page's origin: messages go there and come from there alone. */
  readonly origin: string
  /** SHA-256 (hex) of the proof that only the widget has. */
  readonly proofHash: string
  /** The session's browser gave the proof: it is the browser in which the widget stands. */
  readonly proven: boolean
}

/** What the registry answered when the place for the credential was reserved. */
export interface Reservation {
  readonly pattern: number
  readonly credentialId: string
  readonly recipeId: string
  readonly family: string
  readonly clientId: string
  readonly redirectUri: string
  readonly providerVersion: number
}

/** What a platform's own sign-in handed over: ids and names. */
export interface HandedAsset {
  readonly channel: string
  readonly id: string
  readonly name: string
  readonly label?: string
}

/** A sign-in on another device that is under way (RFC 8628): what the person enters where. */
export interface DeviceSignIn {
  /** The vault's name for it. */
  readonly grant: string
  readonly userCode: string
  readonly verificationUri: string
  /** Empty where the server has none. */
  readonly verificationUriComplete: string
  readonly until: Date
}

/** The sealed secret that waits for its confirmation. */
export interface Candidate {
  readonly id: string
  readonly verified: boolean
  readonly accountId?: string
  readonly accountName?: string
  /** The person agreed that another account takes the place of the one before. */
  readonly changeConfirmed?: boolean
}

/** The last try that did not succeed, for the page that asks again. Plain values only. */
export interface LastTry {
  readonly problem?: string
  /** What the verifier said of it: `key_wrong`, … */
  readonly cause?: string
  /** Sentences by field name. */
  readonly fields?: Readonly<Record<string, string>>
  readonly plain: Readonly<Record<string, string>>
  readonly scopes?: readonly string[]
}

/**
 * `gateway_sessions`. One connect session, from its link to its end.
 *
 *     {id: sess_…, v: 1, project, state, linkHashes[], browser?, creator{…}, user, providerId, wantedPattern?, setupId?,
 *      credentialId?, capabilityId?, label, level, confirm, returnUrl?, opener?, anonymous?, scopes[], createdAt, expiresAt,
 *      sweepAt, signedIn?,
 *      reserved?, stateHash?, spentStates[], device?, lastTry?, candidate?, handed?, question?, confirmation?, failure?, outbox…}
 *
 * Links, cookies, states and codes are held as SHA-256 only.
 */
export interface ConnectSession extends HasOutbox {
  readonly project: string
  readonly state: SessionState
  /** More than one after a repeated create: each answer has its own link. */
  readonly linkHashes: readonly string[]
  /** The first browser that started it. */
  readonly browser?: string | undefined
  /** As whom the other services are asked: the creator, with the session's user. */
  readonly creator: Principal
  readonly user: string
  readonly providerId: string
  readonly wantedPattern?: number | undefined
  /** The setup whose connect step this is. */
  readonly setupId?: string | undefined
  /** The credential that is connected anew. */
  readonly credentialId?: string | undefined
  /** The conversation is about this capability. */
  readonly capabilityId?: string | undefined
  readonly label: string
  readonly level: string
  readonly confirm: Confirm
  readonly returnUrl?: string | undefined
  /** With `widget`. */
  readonly opener?: Opener | undefined
  /** Started from a lasting address by somebody whom nobody has recognised: its pages tell nothing of the credential. */
  readonly anonymous?: boolean | undefined
  readonly scopes: readonly string[]
  readonly createdAt: Date
  readonly expiresAt: Date
  /** When the sweeper looks at it next: to finish, to end, or to remove it. */
  readonly sweepAt: Date
  /** With `login`: the session's user was signed in when it started. */
  readonly signedIn?: boolean | undefined
  readonly reserved?: Reservation | undefined
  /** SHA-256 (hex) of the `state` under way. */
  readonly stateHash?: string | undefined
  /** States that were redeemed or given up: a replay finds its session and changes nothing. */
  readonly spentStates: readonly string[]
  readonly device?: DeviceSignIn | undefined
  readonly lastTry?: LastTry | undefined
  readonly candidate?: Candidate | undefined
  /** With `choosing`: what there is to choose from. */
  readonly handed?: readonly HandedAsset[] | undefined
  readonly question?: 'unverified' | 'account' | undefined
  readonly confirmation?: { readonly hash: string; readonly tries: number } | undefined
  readonly failure?: { readonly code: string; readonly detail: string } | undefined
}

const ENDED: ReadonlySet<SessionState> = new Set(['connected', 'failed', 'cancelled', 'timed_out'])

/** The state as of `now`: a live session whose time is over is `timed_out` before anybody wrote it down. */
export function stateAt(session: ConnectSession, now: number): SessionState {
  const late = session.expiresAt.getTime() <= now
  return late && !ENDED.has(session.state) && session.state !== 'connecting' ? 'timed_out' : session.state
}

export function hasEnded(state: SessionState): boolean {
  return ENDED.has(state)
}

/** The principal of the calls that a session makes. */
export function actingFor(session: ConnectSession): Principal {
  return { ...session.creator, via: 'connect' }
}

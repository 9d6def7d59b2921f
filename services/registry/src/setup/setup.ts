import type { HasOutbox } from '@credence/events'
import type { UserRef } from '../credential/parent.ts'

/** The steps in their order; `cancelled` ends any of them but `done`. */
export const SETUP_STATES = ['research', 'guided', 'connect', 'verify', 'done', 'cancelled'] as const
export type SetupState = (typeof SETUP_STATES)[number]

/** What must be given before a setup goes on. */
export type SetupNeed = 'site' | 'payload'

/** What public documents said; everything in it was public before. */
export interface SetupReport {
  readonly source: 'catalogue' | 'documentation' | 'project' | 'person'
  readonly name: string
  readonly site: string
  /** Passed the validation of a payload; absent while something required is missing. */
  readonly payload?: Uint8Array | undefined
  readonly facts: readonly { readonly pointer: string; readonly value: string; readonly url: string; readonly confidence: string }[]
  readonly missing: readonly { readonly pointer: string; readonly question: string; readonly required: boolean }[]
  readonly steps: readonly {
    readonly audience: string
    readonly text: string
    readonly url: string
    readonly showsRedirectAddress: boolean
  }[]
  readonly registrationUri: string
  readonly suggestions: readonly string[]
  readonly visits: readonly { readonly url: string; readonly outcome: string }[]
}

/**
 * `registry_setups`. One service on its way to a credential. Nothing in it is a secret: those go from the connect session,
 * or the request that connects at once, to the vault.
 *
 *     {id: set_…, v: 1, project, owner{id, names}, startedBy, visibleTo[], batch?, text, label, level, state, needs?,
 *      research{dueAt?, failures}, report?, provider?{id, version}, pattern, sessionId?, back?{cause, sentence}, tries,
 *      credentialId?, connecting?, createdAt, movedAt, outbox…}
 *
 * S1 Every move is one compare-and-set with its fact, and only the moves of `move.ts` are made.
 * S2 `researchDueAt` is there while research is to be done: whoever takes it moves it on, and one who dies loses it by time.
 * S3 A report about a session counts only while that session is the setup's own.
 * S4 One credential is put in force for it, however many are tried at once, and none after it was cancelled.
 */
export interface SetupDoc extends HasOutbox {
  readonly project: string
  readonly owner: UserRef
  /** The subject of whoever started it. */
  readonly startedBy: string
  /** First member of the lists it stands in: its owner, and who started it. */
  readonly visibleTo: readonly string[]
  readonly batch?: string | undefined
  /** A name or an address, as it was given. */
  readonly text: string
  readonly label: string
  readonly level: string
  readonly state: SetupState
  readonly needs?: SetupNeed | undefined
  /** Since when, or again from when, research is to be done. */
  readonly researchDueAt?: Date | undefined
  readonly researchFailures: number
  readonly report?: SetupReport | undefined
  /** The id is reserved with the report, so that the redirect address can be shown; version 0: not saved yet. */
  readonly provider?: { readonly id: string; readonly version: number } | undefined
  readonly pattern: number
  /** The session that connects it, or its own id where the values came with the request. */
  readonly sessionId?: string | undefined
  /** Why it is at `connect` again, or what it waits for. */
  readonly back?: { readonly cause: string; readonly sentence: string } | undefined
  readonly tries: number
  readonly credentialId?: string | undefined
  /** The reservation that is being put in force for it: one at a time. */
  readonly connecting?: string | undefined
  readonly verifyingSince?: Date | undefined
  readonly createdAt: Date
  readonly movedAt: Date
}

import type { ConsoleFrame } from './views.ts'

/** What the pages of setups show. Everything in them is public text; no step of them takes a secret. */

/** One setup in a list. */
export interface SetupRow {
  readonly id: string
  readonly url: string
  /** What the provider calls itself, or what was typed while nobody knows. */
  readonly title: string
  /** As it was typed. */
  readonly service: string
  readonly state: 'research' | 'guided' | 'connect' | 'verify' | 'done' | 'cancelled'
  /** `site`, `payload`, `administrator`, `client`; empty: nothing. */
  readonly needs: string
  /** Why it is back at connect: `key_wrong`, …; empty where it is not. */
  readonly cause: string
  /** A sentence of the step it is at: what is asked, or why it is back. */
  readonly sentence?: string
  /** False for an administrator who looks at somebody else's. */
  readonly own: boolean
  /** Changes with everything that its page shows. */
  readonly stamp: string
}

export interface SetupsView extends ConsoleFrame {
  /** This page without what was said once, for the script that looks again. */
  readonly pageUrl: string
  readonly newUrl: string
  readonly setups: readonly SetupRow[]
  /** The page of one batch: the way back to all. */
  readonly batch?: { readonly allUrl: string }
  readonly nextUrl?: string
}

/** "Set up a service". POST `action` with `csrf`, `once`, `services` (one per line) and perhaps `shared`. */
export interface NewSetupsView extends ConsoleFrame {
  readonly action: string
  /** Of this form: sent twice, it starts once. */
  readonly once: string
  /** What was typed, without the lines that looked like a secret. */
  readonly typed: string
  readonly problems: readonly string[]
  /** Present for who may connect for everybody. */
  readonly shared?: boolean
}

export interface FactView {
  /** What it is about, in words. */
  readonly term: string
  readonly value: string
  /** True where the value is to be read letter by letter. */
  readonly literal: boolean
  readonly confidence: 'high' | 'medium' | 'low'
  /** The page that said it; absent for what did not come from a page. */
  readonly url?: string
}

export interface StepView {
  readonly audience: 'user' | 'administrator'
  readonly text: string
  /** A page of the provider's to open. */
  readonly url?: string
  /** To be entered at the provider, letter by letter. */
  readonly redirectUri?: string
}

/** One setup. Every action is a POST with `csrf`. */
export interface SetupView extends ConsoleFrame {
  readonly pageUrl: string
  readonly listUrl: string
  readonly setup: SetupRow
  /** The list of the others that were started with it. */
  readonly batchUrl?: string
  /** `catalogue`, `documentation`, `project`, `person`; empty while nothing is known. */
  readonly source: string
  readonly facts: readonly FactView[]
  readonly questions: readonly { readonly question: string; readonly required: boolean }[]
  readonly steps: readonly StepView[]
  /** Addresses that a search found, to choose from. */
  readonly suggestions: readonly string[]
  readonly visits: readonly { readonly url: string; readonly outcome: string }[]
  /** Ways to sign in; the radio button `pattern` has the place in this list as its value. */
  readonly patterns: readonly { readonly title: string; readonly description?: string }[]
  readonly tries: number
  readonly researchAction: string
  readonly acceptAction: string
  readonly connectAction: string
  readonly cancelAction: string
  /** Present for who may save a provider: the payload as it is known, to be written by hand. */
  readonly byHand?: { readonly action: string; readonly payload: string; readonly refused?: boolean }
  /** The command with which an administrator registers the OAuth client. */
  readonly command?: string
  readonly credential?: { readonly label: string; readonly account?: string; readonly verified: boolean; readonly url: string }
  /** Why the last action did nothing. */
  readonly problem?: string
}

import type { Browser } from './browser.ts'
import type { ConnectSession } from './session.ts'

/** A session as one browser sees it, under the address that it came by. */
export interface Visit {
  readonly session: ConnectSession
  readonly browser: Browser
  /** `/connect/{token or id}`. */
  readonly base: string
  /** The person asked for the choice, or for the form while the provider's page is open. */
  readonly wants?: 'choose' | 'again'
}

/** A page, or the address to go to instead. */
export type Shown =
  | {
      readonly html: string
      readonly status?: number
      readonly formTargets?: readonly string[]
      readonly opensPopUp?: boolean
      readonly keepsOpener?: boolean
    }
  | { readonly location: string }

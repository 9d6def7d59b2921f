/** What the console pages show. No view holds a secret. */

export interface SignInView {
  /** Present when the project has an issuer: the button that goes there. */
  readonly oidc?: { readonly href: string; readonly issuerHost: string }
  /** Why the last try failed. */
  readonly problem?: string
}

/** One credential of the person who is signed in. */
export interface CredentialRow {
  readonly id: string
  readonly label: string
  readonly provider: string
  readonly account?: string
  readonly status: 'active' | 'expired' | 'disabled'
  /** Says more while active: `ok`, `refreshing`, `unverified`, … */
  readonly health: string
  /** A sentence, when it is not active or not well. */
  readonly reason?: string
  readonly createdAt?: Date
  readonly lastUsedAt?: Date
  readonly lastVerifiedAt?: Date
  readonly expiresAt?: Date
  readonly consumerCount: number
  /** Present when it is the person's own or shared for managing. */
  readonly actions?: {
    /** GET: starts a session that reconnects it. */
    readonly reconnectUrl: string
    /** Each is a POST with `csrf`; exactly one of disable and enable is there. */
    readonly disableAction?: string
    readonly enableAction?: string
    readonly deleteAction: string
  }
}

/** What every page of somebody who is signed in shows. */
export interface ConsoleFrame {
  /** The person: an e-mail address or another name of theirs. */
  readonly person: string
  readonly project: string
  /** The hidden input `csrf` of every form. */
  readonly csrf: string
  readonly signOutAction: string
}

export interface CredentialsView extends ConsoleFrame {
  readonly credentials: readonly CredentialRow[]
  /** Said once after an action: "Disabled.", "It is used by 2 tools: delete anyway?". */
  readonly notice?: {
    readonly tone: 'plain' | 'question' | 'problem'
    readonly sentence: string
    /** With `question`: a POST with `csrf` and these inputs. */
    readonly confirm?: { readonly action: string; readonly label: string; readonly inputs: Readonly<Record<string, string>> }
  }
  /** The address of the next page of the list. */
  readonly nextUrl?: string
}

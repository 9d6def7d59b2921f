/**
 * What the connect pages show: plain view models, made by the flows and turned into HTML by the pure functions in `pages/`.
 * No view holds a secret: a field that is sealed has no `value`.
 */

/** The provider as a person knows it. */
export interface ProviderFace {
  readonly name: string
  readonly description?: string
  /** Where the calls will go, as far as it is known before the form is filled: `app.asana.com`, `{domain}`. */
  readonly host: string
  /** Address of the provider's own documentation. */
  readonly docs?: string
}

/** What every page inside a session knows. */
export interface SessionFrame {
  /** `sess_…`: the pages of one session meet on `new BroadcastChannel('credence-' + sessionId)`. */
  readonly sessionId: string
  /** Who asks for the account: the project's name. */
  readonly asks: string
  readonly provider: ProviderFace
  /** GET with the cookie: `StateView` as JSON, or as server-sent events with `Accept: text/event-stream`. */
  readonly stateUrl: string
  /** POST with `csrf`: ends the session. */
  readonly cancelAction: string
  /** The hidden input `csrf` of every form on the page. */
  readonly csrf: string
  readonly expiresAt: Date
  /** Present when an existing credential is connected anew. */
  readonly reconnect?: { readonly label: string; readonly account?: string }
}

/** One way to connect; the radio button `pattern` has `index` as its value. */
export interface PatternView {
  readonly index: number
  readonly title: string
  readonly description?: string
  /** `redirect`: the person signs in at the provider; `form`: values are typed in here; `none`: nothing is needed. */
  readonly kind: 'redirect' | 'form' | 'none'
}

/** Several patterns: the person picks one. POST `action` with `csrf` and `pattern`. */
export interface ChoiceView extends SessionFrame {
  readonly action: string
  readonly patterns: readonly PatternView[]
}

/** One input. `name` is the input's name as it must be posted. */
export interface FieldView {
  readonly name: string
  readonly label: string
  readonly hint?: string
  readonly inputType: 'text' | 'password' | 'email' | 'url' | 'number'
  readonly required: boolean
  /** Sealed and never shown again, whatever its input type: no autocomplete, no value. */
  readonly secret: boolean
  /** What was typed before; plain fields only. */
  readonly value?: string
  /** What is wrong with it, to be shown beside it. */
  readonly problem?: string
}

/** Static secrets. POST `action` with `csrf` and the fields; the same address answers again with `problem`. */
export interface FormView extends SessionFrame {
  readonly action: string
  readonly pattern: PatternView
  readonly fields: readonly FieldView[]
  /** The provider names no call that could prove the values. */
  readonly unchecked?: boolean
  /** Why the last try failed, a sentence. */
  readonly problem?: string
  /** Present when there was a choice: back to it. */
  readonly backUrl?: string
}

/** One permission; the check box `scope` has `scope` as its value. */
export interface ScopeView {
  readonly scope: string
  readonly name: string
  readonly description?: string
  /** Ticked and cannot be unticked. */
  readonly required: boolean
  readonly ticked: boolean
}

/** OAuth: what will be asked for at the provider. POST `action` answers 303 to the provider; it may be posted into a pop-up. */
export interface ConsentView extends SessionFrame {
  readonly action: string
  readonly pattern: PatternView
  /** Host of the page where the person will sign in. */
  readonly signInHost: string
  /** The person signs in on another device: the next page shows the code, and no window opens. */
  readonly device?: boolean
  /** Account fields, all plain. */
  readonly fields: readonly FieldView[]
  readonly scopes: readonly ScopeView[]
  readonly problem?: string
  readonly backUrl?: string
}

/** A platform's own sign-in: what can be handed over at it. POST `action` as for `ConsentView`. */
export interface NativeView extends SessionFrame {
  readonly action: string
  readonly pattern: PatternView
  readonly signInHost: string
  readonly fields: readonly FieldView[]
  readonly channels: readonly { readonly name: string; readonly asset: string }[]
  /** The window of the sign-in may tell this page what was chosen there: from these origins, in messages of this type. */
  readonly messages?: { readonly origins: readonly string[]; readonly type: string }
  readonly problem?: string
  readonly backUrl?: string
}

/** What was handed over, to choose from. POST `action` with `csrf` and an `asset` for each that may be used. */
export interface AssetsView extends SessionFrame {
  readonly action: string
  /** Who signed in. */
  readonly account?: string
  readonly channels: readonly AssetChannelView[]
  readonly problem?: string
}

export interface AssetChannelView {
  readonly name: string
  readonly assets: readonly AssetView[]
}

/** One check box; `value` names channel and id. */
export interface AssetView {
  readonly value: string
  readonly name: string
  readonly label?: string
  readonly id: string
  readonly ticked: boolean
}

/** The person is at the provider, or the answer is being checked; the script follows `stateUrl` and reloads when it changes. */
export interface WaitingView extends SessionFrame {
  readonly phase: 'at_provider' | 'checking'
  /** The person signs in on any device, with this code. */
  readonly device?: { readonly userCode: string; readonly address: string; readonly addressWithCode?: string }
  /** Back to the page before, for somebody who closed the pop-up. */
  readonly againUrl: string
}

/** The account that was found, where the provider says it. */
interface EndFrame extends SessionFrame {
  readonly account?: string
  /** Stored without having been checked: the provider was down, or declares no check. */
  readonly unverified: boolean
}

/** Where the session stands after the last input of the person. */
export type EndView =
  /** The host's page must take over: a link to `continueUrl`, followed by itself in a window that is no pop-up of ours. */
  | (EndFrame & { readonly kind: 'host'; readonly continueUrl: string })
  /** Six digits to send back in the conversation. Nothing is connected until they arrive. */
  | (EndFrame & { readonly kind: 'code'; readonly digits: string })
  /** Connected. `returnUrl` is present when the host gave one. */
  | (EndFrame & {
      readonly kind: 'done'
      readonly returnUrl?: string
      /** The window was opened for this session alone, and goes by itself. */
      readonly closes?: boolean
    })

/** A window that a widget opened: it asks the page behind it for the proof, and posts it to `action` with `csrf`. */
export interface HandshakeView {
  readonly sessionId: string
  readonly asks: string
  /** The page's origin. */
  readonly origin: string
  readonly action: string
  readonly csrf: string
}

/** The session ended without a credential; nothing is kept. */
export interface FailedView {
  readonly title: string
  readonly sentence: string
  /** The error code, small print for a support case. */
  readonly code: string
  /** For the BroadcastChannel; absent when the visitor is not the session's browser. */
  readonly sessionId?: string
  /** The window goes by itself. */
  readonly closes?: boolean
  /** To start again inside the same session, or back to the host. */
  readonly actions: readonly PageAction[]
}

/** For a browser that is not the session's own: it says nothing of the session. */
export interface ElsewhereView {
  readonly title: string
  readonly sentence: string
}

export type PageAction =
  | { readonly kind: 'link'; readonly label: string; readonly href: string; readonly primary: boolean }
  | {
      readonly kind: 'post'
      readonly label: string
      readonly action: string
      /** Hidden inputs, `csrf` among them. */
      readonly inputs: Readonly<Record<string, string>>
      readonly primary: boolean
    }

/** A page with a sentence and buttons: "keep it unverified?", "another account: go on?", "whom to ask", "not found". */
export interface MessageView {
  readonly title: string
  readonly sentences: readonly string[]
  readonly tone: 'plain' | 'question' | 'problem'
  readonly actions: readonly PageAction[]
  /** Present inside a session. */
  readonly sessionId?: string
}

/** What `stateUrl` answers. */
export interface StateView {
  /** `open`, `at_provider`, `choosing`, `checking`, `question`, `unconfirmed`, `connected`, `failed`, `cancelled`, `timed_out`. */
  readonly state: string
  /** True when nothing more happens by itself. */
  readonly ended: boolean
  /** Where a page that sees a change goes: the session's own page. */
  readonly url: string
}

import type { Capability, Credential, Session, Verdict } from './messages.ts'
import { type ListOptions, listAll } from './pages.ts'
import { path, type Rest } from './rest.ts'
import { type Sessions, sessionsOf } from './sessions.ts'

/** What a customer has to show before a capability runs. */
export interface NewSecurity {
  /** `none`, `basic`, `strict`. */
  readonly level: string
  /** `kind`: how its forms are made alike; absent: by its name. */
  readonly facts?: readonly { readonly name: string; readonly question: string; readonly kind?: string }[]
  /** One call to the team's own API; absent: the records that it pushes. */
  readonly lookup?: NewLookup | undefined
  /** Answers are taken from the customer himself at the page alone. */
  readonly pageOnly?: boolean
}

/** The call that finds what the team knows of a customer. */
export interface NewLookup {
  /** Of the whole project; absent: that of the capability. */
  readonly credentialId?: string
  readonly method?: string
  /** `/orders/{{order_number}}`, with `{{user.id}}` and `{{user.email}}` too. */
  readonly path: string
  readonly body?: string
  /** JSON pointer to a record or a list of them; absent: the whole answer. */
  readonly records?: string
  readonly match: readonly { readonly fact: string; readonly pointer: string }[]
}

/** What a team writes of a capability. */
export interface NewCapability {
  readonly name: string
  readonly description?: string | undefined
  readonly providerId: string
  /** The auth pattern of the provider; the first unless given. */
  readonly pattern?: number | undefined
  /** Whose credential. */
  readonly mode: Capability['mode']
  /** The one credential of all customers; absent: each customer's own, or none. */
  readonly credentialId?: string | undefined
  /** None: every method. */
  readonly methods?: readonly string[] | undefined
  /** `/orders`, `/orders/*`, `/orders/**`, below the provider's `proxy_url`; none: every path. */
  readonly paths?: readonly string[] | undefined
  readonly security?: NewSecurity | undefined
  readonly consent?: { readonly required: boolean; readonly purpose?: string; readonly scopes?: readonly string[] } | undefined
  /** Its credentials are used through it alone. */
  readonly exclusive?: boolean | undefined
  /** What a conversation asks for. */
  readonly scopes?: readonly string[] | undefined
}

export interface SavedCapability {
  readonly capability: Capability
  /** What one call with its credential said; absent: the mode has none. */
  readonly verification?: Verdict
}

/** What a conversation is about, and how it goes. */
export interface Conversation {
  /** The customer; absent: the user of this client. */
  readonly user?: string | undefined
  /** `code` unless given: six digits that come back in the chat. */
  readonly confirm?: Session['confirm'] | undefined
  readonly returnUrl?: string | undefined
  readonly label?: string | undefined
  readonly scopes?: readonly string[] | undefined
}

/** A customer's answer to "may we use your account?", from the link to its end. It can be taken up anywhere by its id. */
export interface Grant {
  /** Of the connect session. */
  readonly id: string
  /** To show to the customer; absent: he has granted it before, or the grant was resumed. */
  readonly link?: string
  readonly session: Session
  /**
   * Resolves with the session when it has ended, or as it is after `timeoutMs` (default 10 min). `credentialId` is set when
   * `state` is `connected`. The signal ends the waiting, not the conversation.
   */
  wait(options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal }): Promise<Session>
  /** The six digits that the customer sent back. Throws CONFIRMATION_WRONG; the third wrong one ends the conversation. */
  confirm(code: string): Promise<Credential>
  cancel(): Promise<Session>
}

export interface Capabilities {
  /** Throws INVALID_REQUEST with every fault at once. */
  create(capability: NewCapability): Promise<SavedCapability>
  /** Whole in place of the one before. */
  update(capabilityId: string, capability: NewCapability): Promise<SavedCapability>
  /** Checks, tries the credential, saves nothing. With `capabilityId`: as an update of that one. */
  validate(capability: NewCapability, options?: { readonly capabilityId?: string }): Promise<Pick<SavedCapability, 'verification'>>
  get(capabilityId: string): Promise<Capability>
  list(options?: ListOptions & { readonly providerId?: string | undefined }): AsyncIterable<Capability>
  /** Throws CAPABILITY_IN_USE while customers have granted it something, unless forced. */
  delete(
    capabilityId: string,
    options?: { readonly force?: boolean },
  ): Promise<{ readonly customers: number; readonly credentialId?: string }>
  /** Asks a customer for what the capability uses; connected at once when he has granted it before. */
  connect(capabilityId: string, conversation?: Conversation): Promise<Grant>
  /** A conversation that was started before, perhaps by another process. */
  resume(grantId: string): Promise<Grant>
}

export function capabilitiesOf(rest: Rest): Capabilities {
  const sessions = sessionsOf(rest)
  const at = (id: string): string => path`/v1/capabilities/${id}`
  return {
    create: (body) => rest.call({ method: 'POST', path: '/v1/capabilities', body, creates: true }),
    update: (id, body) => rest.call({ method: 'PUT', path: at(id), body }),
    validate: (body, { capabilityId } = {}) =>
      capabilityId === undefined
        ? rest.call({ method: 'POST', path: '/v1/capabilities', query: { validate_only: true }, body })
        : rest.call({ method: 'PUT', path: at(capabilityId), query: { validate_only: true }, body }),
    get: (id) => rest.call({ method: 'GET', path: at(id) }),
    list: ({ providerId, ...options } = {}) =>
      listAll(rest, { path: '/v1/capabilities', items: 'capabilities', query: { provider_id: providerId } }, options),
    delete: (id, { force = false } = {}) => rest.call({ method: 'DELETE', path: at(id), query: { force } }),
    async connect(id, conversation = {}) {
      const started = await rest.call<{ session: Session; link?: string }>({
        method: 'POST',
        path: path`/v1/capabilities/${id}/connect`,
        body: conversation,
        creates: true,
      })
      return grantOf(sessions, started, conversation.user)
    },
    resume: async (id) => grantOf(sessions, { session: await sessions.get(id) }, undefined),
  }
}

/** The user whom the conversation was started for is the one at its other end. */
function grantOf(sessions: Sessions, started: { session: Session; link?: string }, user: string | undefined): Grant {
  const { session, link } = started
  const { id } = session
  return {
    id,
    session,
    ...(link === undefined ? {} : { link }),
    wait: (options) => sessions.wait(id, options),
    confirm: async (code) => (await sessions.complete(id, { code, user: user ?? session.user })).credential,
    cancel: () => sessions.cancel(id),
  }
}

import type { Credential, Session } from './messages.ts'
import { path, type Rest } from './rest.ts'

export interface NewSession {
  readonly providerId?: string | undefined
  /** One pattern of the provider to offer alone; absent: the person picks. */
  readonly pattern?: number | undefined
  /** Set: reconnect this credential; its id stays. */
  readonly credentialId?: string | undefined
  /** `usr_…`, `id:…` or `email:…`; absent: the caller's own user. */
  readonly user?: string | undefined
  readonly label?: string | undefined
  readonly level?: 'user' | 'project' | undefined
  /** How the person is proven to be the same at both ends; absent: the project's setting. */
  readonly confirm?: Exclude<Session['confirm'], 'widget'> | undefined
  /** One of the project's return addresses, letter by letter. */
  readonly returnUrl?: string | undefined
  readonly scopes?: readonly string[] | undefined
}

export interface Completion {
  /** The one-time code of the return address, or the six digits of the end page. */
  readonly code: string
  /** The user whom the caller knows to be at the other end. */
  readonly user?: string | undefined
  readonly confirmAccountChange?: boolean | undefined
}

export interface Sessions {
  /** Makes a connect session and the link to open. */
  create(session: NewSession): Promise<{ readonly session: Session; readonly link: string }>
  get(sessionId: string): Promise<Session>
  /** Resolves when the session has ended, or with its state after `timeoutMs` (default 10 min, at most one minute per request). */
  wait(sessionId: string, options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal }): Promise<Session>
  /**
   * Begins the sign-in on another device without a page; `device` of the session says which code to enter where. Only for
   * sessions with `confirm: none`.
   */
  startDevice(
    sessionId: string,
    options?: { readonly scopes?: readonly string[]; readonly plainFields?: Readonly<Record<string, string>> },
  ): Promise<Session>
  /** Ends it and destroys what it sealed. */
  cancel(sessionId: string): Promise<Session>
  /** Confirms the person. Throws CONFIRMATION_WRONG; the third wrong one ends the session. */
  complete(sessionId: string, completion: Completion): Promise<{ readonly session: Session; readonly credential: Credential }>
}

const ENDED: ReadonlySet<Session['state']> = new Set(['connected', 'failed', 'cancelled', 'timed_out'])
const WAIT_MS = 600_000
const LONGEST_WAIT_MS = 60_000
/** The server answers at its timeout; the client gives up only when even that answer does not come. */
const MARGIN_MS = 15_000

export function sessionsOf(rest: Rest): Sessions {
  return {
    create: (session) => rest.call({ method: 'POST', path: '/v1/sessions', body: session, creates: true }),
    get: (id) => rest.call({ method: 'GET', path: path`/v1/sessions/${id}` }),
    async wait(id, { timeoutMs = WAIT_MS, signal } = {}) {
      // The server answers early only when the session has ended: what it was asked to wait is what has passed.
      for (let left = timeoutMs; ; left -= LONGEST_WAIT_MS) {
        const ask = Math.min(left, LONGEST_WAIT_MS)
        const session = await rest.call<Session>({
          method: 'GET',
          path: path`/v1/sessions/${id}/wait`,
          // 0 would be its default.
          query: { timeout_ms: Math.max(1, ask) },
          signal,
          timeoutMs: ask + MARGIN_MS,
        })
        if (ENDED.has(session.state) || left <= LONGEST_WAIT_MS) return session
      }
    },
    startDevice: (id, options = {}) => rest.call({ method: 'POST', path: path`/v1/sessions/${id}/device`, body: options }),
    cancel: (id) => rest.call({ method: 'POST', path: path`/v1/sessions/${id}/cancel` }),
    complete: (id, completion) => rest.call({ method: 'POST', path: path`/v1/sessions/${id}/complete`, body: completion }),
  }
}

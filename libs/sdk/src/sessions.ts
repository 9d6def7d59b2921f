import type { Credential, Session } from './messages.ts'
import { path, type Rest } from './rest.ts'

export interface NewSession {
  readonly providerId?: string
  /** One pattern of the provider to offer alone; absent: the person picks. */
  readonly pattern?: number
  /** Set: reconnect this credential; its id stays. */
  readonly credentialId?: string
  /** `usr_…`, `id:…` or `email:…`; absent: the caller's own user. */
  readonly user?: string
  readonly label?: string
  readonly level?: 'user' | 'project'
  /** How the person is proven to be the same at both ends; absent: the project's setting. */
  readonly confirm?: Session['confirm']
  /** One of the project's return addresses, letter by letter. */
  readonly returnUrl?: string
  readonly scopes?: readonly string[]
}

export interface Completion {
  /** The one-time code of the return address, or the six digits of the end page. */
  readonly code: string
  /** The user whom the caller knows to be at the other end. */
  readonly user?: string
  readonly confirmAccountChange?: boolean
}

export interface Sessions {
  /** Makes a connect session and the link to open. */
  create(session: NewSession): Promise<{ readonly session: Session; readonly link: string }>
  get(sessionId: string): Promise<Session>
  /** Resolves when the session has ended, or with its state after `timeoutMs` (default 10 min, at most one minute per request). */
  wait(sessionId: string, options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal }): Promise<Session>
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
    get: async (id) => (await rest.call<{ session: Session }>({ method: 'GET', path: path`/v1/sessions/${id}` })).session,
    async wait(id, { timeoutMs = WAIT_MS, signal } = {}) {
      const end = performance.now() + timeoutMs
      for (;;) {
        const left = Math.max(1, Math.min(end - performance.now(), LONGEST_WAIT_MS))
        const session = await waitOnce(rest, id, { timeoutMs: Math.ceil(left), signal })
        if (ENDED.has(session.state) || performance.now() >= end) return session
      }
    },
    cancel: async (id) => (await rest.call<{ session: Session }>({ method: 'POST', path: path`/v1/sessions/${id}/cancel` })).session,
    complete: (id, completion) => rest.call({ method: 'POST', path: path`/v1/sessions/${id}/complete`, body: completion }),
  }
}

async function waitOnce(rest: Rest, id: string, wait: { timeoutMs: number; signal: AbortSignal | undefined }): Promise<Session> {
  const answer = await rest.call<{ session: Session }>({
    method: 'GET',
    path: path`/v1/sessions/${id}/wait`,
    query: { timeout_ms: wait.timeoutMs },
    signal: wait.signal,
    timeoutMs: wait.timeoutMs + MARGIN_MS,
  })
  return answer.session
}

import { type Replacement, seal } from './credentials.ts'
import type { Credential, Session, Setup } from './messages.ts'
import { type ListOptions, listAll } from './pages.ts'
import { bytesOf, type Payload } from './providers.ts'
import { path, type Rest } from './rest.ts'
import type { NewSession } from './sessions.ts'

export interface NewSetup {
  /** A name, or the address of the site or of the API's documentation. Never a secret: SECRET_REFUSED. */
  readonly service: string
  /** Of the credential. */
  readonly label?: string | undefined
  readonly level?: 'user' | 'project' | undefined
}

/** What became of one item of a batch. */
export type StartedSetup = { readonly setup: Setup } | { readonly error: { readonly code: string; readonly detail: string } }

export interface Setups {
  /** Research begins; the answer is the setup as it starts. */
  start(setup: NewSetup & { readonly user?: string | undefined }): Promise<Setup>
  /** Many at once, each with its own state; one that is refused stops no other. At most 50. */
  startMany(
    services: readonly (NewSetup | string)[],
    options?: { readonly user?: string | undefined },
  ): Promise<{ readonly batchId: string; readonly results: readonly StartedSetup[] }>
  get(setupId: string): Promise<Setup>
  /** Newest first, without payloads, facts and visits. */
  list(filter?: ListOptions & { readonly batchId?: string | undefined }): AsyncIterable<Setup>
  /** Resolves when it waits for somebody or has ended, or with its state after `timeoutMs` (default 3 min). */
  wait(setupId: string, options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal }): Promise<Setup>
  /** Another name or address to research. */
  research(setupId: string, service: string): Promise<Setup>
  /** A payload written by hand instead of what was found. Throws INVALID_PROVIDER. */
  describe(setupId: string, payload: Payload): Promise<Setup>
  /** The guided steps are done: saves the provider, which needs the scope `providers` unless the project has it. */
  accept(setupId: string, options?: { readonly pattern?: number }): Promise<Setup>
  /** The connect step at a page: a session and its link. */
  session(
    setupId: string,
    session?: Omit<NewSession, 'providerId' | 'pattern' | 'credentialId'>,
  ): Promise<{ readonly session: Session; readonly link: string }>
  /** The connect step with values at hand. Throws VERIFY_FAILED with nothing stored; the setup is then back at connect. */
  connect(setupId: string, values: Omit<Replacement, 'confirmAccountChange'>): Promise<Credential>
  cancel(setupId: string): Promise<Setup>
}

const WAIT_MS = 180_000
const LONGEST_WAIT_MS = 60_000
/** The server answers at its timeout; the client gives up only when even that answer does not come. */
const MARGIN_MS = 15_000

export function setupsOf(rest: Rest): Setups {
  return {
    start: (setup) => rest.call({ method: 'POST', path: '/v1/setups', body: setup, creates: true }),
    startMany: (services, { user } = {}) => {
      const items = services.map((one) => (typeof one === 'string' ? { service: one } : one))
      return rest.call({ method: 'POST', path: '/v1/setups/batch', body: { items, user }, creates: true })
    },
    get: (id) => rest.call({ method: 'GET', path: path`/v1/setups/${id}` }),
    list: ({ batchId, ...options } = {}) => listAll(rest, { path: '/v1/setups', items: 'setups', query: { batch_id: batchId } }, options),
    async wait(id, { timeoutMs = WAIT_MS, signal } = {}) {
      for (let left = timeoutMs; ; left -= LONGEST_WAIT_MS) {
        const ask = Math.min(left, LONGEST_WAIT_MS)
        const query = { timeout_ms: Math.max(1, ask) }
        const setup = await rest.call<Setup>({
          method: 'GET',
          path: path`/v1/setups/${id}/wait`,
          query,
          signal,
          timeoutMs: ask + MARGIN_MS,
        })
        if (!isAtWork(setup) || left <= LONGEST_WAIT_MS) return setup
      }
    },
    research: (id, service) => rest.call({ method: 'POST', path: path`/v1/setups/${id}/site`, body: { service } }),
    describe: (id, payload) => rest.call({ method: 'PUT', path: path`/v1/setups/${id}/payload`, body: bytesOf(payload) }),
    accept: (id, { pattern } = {}) => rest.call({ method: 'POST', path: path`/v1/setups/${id}/accept`, body: { pattern } }),
    session: (id, session = {}) => rest.call({ method: 'POST', path: '/v1/sessions', body: { ...session, setupId: id }, creates: true }),
    connect: (id, { fields, ...plain }) => seal(rest, { method: 'POST', path: path`/v1/setups/${id}/secret`, plain, fields }),
    cancel: (id) => rest.call({ method: 'POST', path: path`/v1/setups/${id}/cancel` }),
  }
}

/** The platform is at work; in every other state somebody else is to do the next step. */
function isAtWork({ state, needs }: Setup): boolean {
  return (state === 'research' && needs === undefined) || state === 'verify'
}

import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { type Random, systemRandom } from '@credence/service'
import { type Answer, jsonAnswer, readBody, writeAnswer } from './exchange.ts'
import { type LoopbackServer, startLoopbackServer } from './loopback-server.ts'

/** One line of the witness: which call came, how it was answered, and what it gave out. */
export interface SessionCall {
  readonly call: 'session' | 'confirm' | 'token'
  readonly status: number
  readonly issued?: string
  /** The body as it came, so that a test can see how values were written. */
  readonly body: string
}

/** A sign-in of our own in several calls, as APIs without OAuth have it. */
export interface SessionApi extends LoopbackServer {
  readonly calls: readonly SessionCall[]
  /** Every ticket and token that was given out: what a search for leaks looks for. */
  readonly given: readonly string[]
  /** True for a token that lives. */
  knows(token: string): boolean
  /** Ends every token, as an operator of the API may at any time. */
  endAll(): void
  /** How long the next tokens are good; default 3600 s. */
  expiresIn(seconds: number): void
  /** What the next sign-ins are answered, whatever they bring; undefined: as it should be. */
  answer(status: number | undefined, retryAfter?: string): void
  setPassword(password: string): void
}

export interface SessionApiOptions {
  readonly username: string
  readonly password: string
  /** Signs in with 202 and a ticket that `/confirm` takes; default: 200 with a ticket for `/accounts/7/token`. */
  readonly confirms?: boolean
  readonly random?: Random
}

/**
 * `POST /session` (JSON `{user, password}`) gives a ticket, an account number and a header `x-csrf`; `POST
 * /accounts/7/token` (form `ticket`, header `x-csrf`) takes the ticket, once, for a token in `/data/token`. A wrong
 * password is 401; a ticket that was used is 403.
 */
export async function startSessionApi(options: SessionApiOptions): Promise<SessionApi> {
  const desk = new Desk(options)
  const loopback = await startLoopbackServer((request, response) => {
    desk.serve(request).then(
      (answer) => writeAnswer(response, answer),
      () => response.destroy(),
    )
  }, {})
  return {
    ...loopback,
    calls: desk.calls,
    given: desk.given,
    knows: (token) => desk.live.has(token),
    endAll: () => desk.live.clear(),
    expiresIn(seconds) {
      desk.life = seconds
    },
    answer(status, retryAfter) {
      desk.bent = status === undefined ? undefined : { status, retryAfter }
    },
    setPassword(password) {
      desk.password = password
    },
  }
}

class Desk {
  readonly calls: SessionCall[] = []
  readonly given: string[] = []
  readonly live = new Set<string>()
  life = 3600
  bent: { status: number; retryAfter: string | undefined } | undefined
  password: string
  readonly #options: SessionApiOptions
  readonly #tickets = new Set<string>()

  constructor(options: SessionApiOptions) {
    this.#options = options
    this.password = options.password
  }

  async serve(request: IncomingMessage): Promise<Answer> {
    const body = (await readBody(request)).toString('utf8')
    switch (request.url) {
      case '/session':
        return this.#signIn(body)
      case '/confirm':
        return this.#confirm(body)
      case '/accounts/7/token':
        return this.#token(request, body)
      default:
        return jsonAnswer(404, { error: 'not_found' })
    }
  }

  #signIn(body: string): Answer {
    if (this.bent !== undefined) {
      const { status, retryAfter } = this.bent
      this.calls.push({ call: 'session', status, body })
      return jsonAnswer(status, { error: 'bent' }, retryAfter === undefined ? {} : { 'retry-after': retryAfter })
    }
    const { user, password } = JSON.parse(body) as { user: string; password: string }
    if (user !== this.#options.username || password !== this.password) return this.#say('session', 401, { body })
    const ticket = this.#give('ticket')
    this.#tickets.add(ticket)
    const status = this.#options.confirms === true ? 202 : 200
    this.calls.push({ call: 'session', status, issued: ticket, body })
    return jsonAnswer(status, { ticket, account: 7 }, { 'x-csrf': csrfOf(ticket), 'set-cookie': `sid=${ticket}; HttpOnly` })
  }

  #confirm(body: string): Answer {
    const ticket = new URLSearchParams(body).get('ticket') ?? ''
    return this.#say('confirm', this.#tickets.has(ticket) ? 200 : 403, { body })
  }

  #token(request: IncomingMessage, body: string): Answer {
    const ticket = new URLSearchParams(body).get('ticket') ?? ''
    if (!this.#tickets.delete(ticket) || request.headers['x-csrf'] !== csrfOf(ticket)) return this.#say('token', 403, { body })
    const token = this.#give('session')
    this.live.add(token)
    this.calls.push({ call: 'token', status: 201, issued: token, body })
    return jsonAnswer(201, { data: { token, expires_in: this.life } })
  }

  #say(call: SessionCall['call'], status: number, { body }: { body: string }): Answer {
    this.calls.push({ call, status, body })
    return jsonAnswer(status, status < 300 ? { ok: true } : { error: 'refused' })
  }

  #give(kind: string): string {
    const token = `${kind}-${Buffer.from((this.#options.random ?? systemRandom).bytes(24)).toString('base64url')}`
    this.given.push(token)
    return token
  }
}

function csrfOf(ticket: string): string {
  return createHash('sha256').update(ticket).digest('hex')
}

import type { Clock } from '@credence/service'
import { type Answer, htmlAnswer, jsonAnswer } from '../exchange.ts'

export type Endpoint = 'authorize' | 'token' | 'userinfo' | 'revoke'

/** How an endpoint misbehaves from now on, or for the next `times` requests. Everything left out is as it should be. */
export interface Behaviour {
  /** Default `token`. */
  readonly endpoint?: Endpoint
  /** After so many requests the endpoint is well again; default: until it is told otherwise. */
  readonly times?: number
  /** The answer leaves so much later; the request is carried out at once. */
  readonly delayMs?: number
  /** The answer waits for `release()`: lets a test hold a request exactly as long as it needs. */
  readonly hold?: boolean
  /** `unprocessed`: hangs up and does nothing. `no_answer`: does it, then hangs up. `mid_answer`: hangs up after half of the body. */
  readonly cut?: 'unprocessed' | 'no_answer' | 'mid_answer'
  /** Answers this instead; the grant is left alone unless `spend` is set. */
  readonly answer?: 'html' | 'ok_false' | 'rate_limited' | 'server_error' | 'oauth_error'
  /** Carries the grant out although the answer says otherwise. */
  readonly spend?: boolean
  /** Status for `html`, `server_error` and `oauth_error`; default 200, 503 and 400. */
  readonly status?: number
  /** The code of `oauth_error` and `ok_false`, and of a refused authorization; default `invalid_grant`. */
  readonly error?: string
  /** The header as it is sent: seconds or an HTTP date. */
  readonly retryAfter?: string
  readonly expiresInS?: number
  /** Members left out of a token answer. Without `refresh_token` nothing is rotated. */
  readonly omit?: readonly ('expires_in' | 'refresh_token' | 'token_type' | 'scope')[]
  /** The scope that is granted, whatever was asked. */
  readonly scope?: string
  /** The `iss` parameter of the authorization response; empty leaves it out (RFC 9207). */
  readonly iss?: string
}

/** Which behaviour each endpoint has now. */
export class Behaviours {
  readonly #now = new Map<Endpoint, { behaviour: Behaviour; left: number }>()
  readonly #clock: Clock
  #held: (() => void)[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  set(behaviour: Behaviour): void {
    this.#now.set(behaviour.endpoint ?? 'token', { behaviour, left: behaviour.times ?? Number.POSITIVE_INFINITY })
  }

  /** The behaviour for one request, which counts. */
  take(endpoint: Endpoint): Behaviour {
    const current = this.#now.get(endpoint)
    if (current === undefined || current.left <= 0) return {}
    current.left--
    return current.behaviour
  }

  async pause(behaviour: Behaviour): Promise<void> {
    if (behaviour.hold) await new Promise<void>((resolve) => this.#held.push(resolve))
    if (behaviour.delayMs !== undefined) await this.#clock.sleep(behaviour.delayMs)
  }

  get held(): number {
    return this.#held.length
  }

  release(): void {
    const held = this.#held
    this.#held = []
    for (const resolve of held) resolve()
  }
}

/** The answer that a behaviour puts in place of the right one; undefined when it leaves the answer alone. */
export function bentAnswer(behaviour: Behaviour): Answer | undefined {
  const retry: Record<string, string> = behaviour.retryAfter === undefined ? {} : { 'retry-after': behaviour.retryAfter }
  const error = behaviour.error ?? 'invalid_grant'
  switch (behaviour.answer) {
    case 'html':
      return htmlAnswer(behaviour.status ?? 200, 'Sign in to the network', '<p>Please accept the terms of this hotspot.</p>')
    case 'ok_false':
      return jsonAnswer(200, { ok: false, error })
    case 'rate_limited':
      return jsonAnswer(429, { error: 'slow_down' }, retry)
    case 'server_error':
      return jsonAnswer(behaviour.status ?? 503, { error: 'server_error' }, retry)
    case 'oauth_error':
      return jsonAnswer(behaviour.status ?? 400, { error }, retry)
    default:
      return undefined
  }
}

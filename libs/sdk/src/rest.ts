import { randomUUID } from 'node:crypto'
import { CredenceError } from './credence-error.ts'
import { readProblem } from './read-problem.ts'
import { fromWire, toWire } from './wire-names.ts'

export interface RestCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below the API address, with its ids encoded by `path`. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  /** An object of the messages, or bytes of JSON that go as they are. */
  readonly body?: object | Uint8Array<ArrayBuffer>
  /** A create: carries an Idempotency-Key, the same at its repetition. */
  readonly creates?: boolean
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
  /** How long the answer may take; default 30 s. */
  readonly timeoutMs?: number
}

/** Who calls and where; `user` is sent as `Credence-User`. */
export interface RestTarget {
  readonly apiUrl: string
  readonly key: string
  readonly user: string | undefined
}

const TIMEOUT_MS = 30_000

/** Calls of the REST API: errors are CredenceError, names are camelCase, times are Date. */
export class Rest {
  readonly #target: RestTarget

  constructor(target: RestTarget) {
    this.#target = target
  }

  /** The answer, or undefined where there is none to read (204). */
  async call<T>(call: RestCall): Promise<T> {
    const text = await this.text(call)
    return (text === '' ? undefined : fromWire(JSON.parse(text))) as T
  }

  /** The answer as the JSON text that came; empty for 204. */
  async text(call: RestCall): Promise<string> {
    const response = await this.open(call)
    if (response.status === 204) return ''
    const text = await response.text().catch((error: unknown) => {
      throw this.#failure(error, call)
    })
    if (isJson(text)) return text
    const detail = `The answer (HTTP ${response.status}) was not one of Credence: check the address.`
    throw new CredenceError('UNAVAILABLE', detail, { status: response.status })
  }

  /** The answer with its body unread. A network failure of a read, or of a create under its key, is tried once more. */
  async open(call: RestCall): Promise<Response> {
    const url = new URL(`${this.#target.apiUrl}${call.path}`)
    for (const [name, value] of Object.entries(call.query ?? {})) {
      if (value !== undefined && value !== '') url.searchParams.set(name, String(value))
    }
    const init = this.#initOf(call)
    const repeatable = call.method === 'GET' || call.creates === true
    const response = await this.#send(url, init, call).catch((error: unknown) => {
      if (!repeatable || !isUnreachable(error)) throw error
      return this.#send(url, init, call)
    })
    if (!response.ok) throw await readProblem(response)
    return response
  }

  #initOf(call: RestCall): RequestInit {
    const { key, user } = this.#target
    const headers: Record<string, string> = { accept: 'application/json', authorization: `Bearer ${key}`, ...call.headers }
    if (user !== undefined) headers['credence-user'] = user
    if (call.creates === true) headers['idempotency-key'] ??= randomUUID()
    if (call.body === undefined) return { method: call.method, headers }
    headers['content-type'] ??= 'application/json'
    return { method: call.method, headers, body: call.body instanceof Uint8Array ? call.body : JSON.stringify(toWire(call.body)) }
  }

  async #send(url: URL, init: RequestInit, call: RestCall): Promise<Response> {
    const limits = [
      call.signal,
      call.timeoutMs === Number.POSITIVE_INFINITY ? undefined : AbortSignal.timeout(call.timeoutMs ?? TIMEOUT_MS),
    ]
    const signal = AbortSignal.any(limits.filter((one) => one !== undefined))
    try {
      // A redirect would carry the key to another address.
      return await fetch(url, { ...init, signal, redirect: 'error' })
    } catch (error) {
      throw this.#failure(error, call)
    }
  }

  /** What `fetch` throws, as an error of ours; what the caller's own signal says stays as it is. */
  #failure(error: unknown, call: RestCall): unknown {
    if (call.signal?.aborted) return error
    return networkError(error, this.#target.apiUrl)
  }
}

/** UNAVAILABLE or DEADLINE_EXCEEDED, naming the address and the system's code; the cause itself is not kept. */
export function networkError(error: unknown, address: string): CredenceError {
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return new CredenceError('DEADLINE_EXCEEDED', `${address} did not answer in time.`)
  }
  const cause = error instanceof Error ? (error.cause as { code?: unknown } | undefined) : undefined
  const system = typeof cause?.code === 'string' ? ` (${cause.code})` : ''
  return new CredenceError('UNAVAILABLE', `${address} cannot be reached${system}: does the platform run there?`)
}

/** A path whose ids are encoded: `` path`/v1/credentials/${id}/share` ``. Throws TypeError for an empty id, which would name the whole list. */
export function path(parts: TemplateStringsArray, ...ids: string[]): string {
  return parts.reduce((before, part, i) => {
    const id = ids[i - 1] ?? ''
    if (id === '' || id === '.' || id === '..') throw new TypeError('An id is missing: give the id of the thing that is meant.')
    return `${before}${encodeURIComponent(id)}${part}`
  })
}

function isUnreachable(error: unknown): boolean {
  return error instanceof CredenceError && error.code === 'UNAVAILABLE' && error.status === 0
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

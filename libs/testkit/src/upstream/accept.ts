import type { IncomingMessage } from 'node:http'
import type { ReceivedRequest } from './received-request.ts'

/** What a request brought to prove who it is. */
export interface Presented {
  /** `Authorization: Bearer …` */
  readonly token?: string
  /** `Authorization: Basic …` */
  readonly basic?: { readonly username: string; readonly password: string }
  /** Of any header, by its lower-case name. */
  readonly header: (name: string) => string | undefined
  readonly query: URLSearchParams
  /** All of it, as it came: what a signature covers. */
  readonly received: ReceivedRequest
}

/** What the mock API answers to a request that it does not let in, where 401 is not the word. */
export interface Refusal {
  readonly status: number
  readonly body: unknown
}

/** True when the mock API lets this request in. */
export type Accept = (presented: Presented) => boolean | Refusal | Promise<boolean | Refusal>

export function presentedBy(request: IncomingMessage, query: URLSearchParams, received: ReceivedRequest): Presented {
  const authorization = request.headers.authorization ?? ''
  const token = /^Bearer (\S+)$/.exec(authorization)?.[1]
  const encoded = /^Basic ([\w+/]+=*)$/.exec(authorization)?.[1]
  const [username = '', ...rest] = encoded === undefined ? [] : Buffer.from(encoded, 'base64').toString('utf8').split(':')
  return {
    ...(token === undefined ? {} : { token }),
    ...(encoded === undefined ? {} : { basic: { username, password: rest.join(':') } }),
    header: (name) => request.headers[name.toLowerCase()]?.toString(),
    query,
    received,
  }
}

/** Lets in whoever brings one of these: bearer tokens, `user:password` pairs, or values of a named header or query parameter. */
export function acceptOnly(allowed: {
  readonly tokens?: readonly string[]
  readonly basic?: readonly string[]
  readonly keys?: Readonly<Record<string, string>>
}): Accept {
  return ({ token, basic, header, query }) => {
    if (token !== undefined && allowed.tokens?.includes(token)) return true
    if (basic !== undefined && allowed.basic?.includes(`${basic.username}:${basic.password}`)) return true
    return Object.entries(allowed.keys ?? {}).some(([name, value]) => header(name) === value || query.get(name) === value)
  }
}

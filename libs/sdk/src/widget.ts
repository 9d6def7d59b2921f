import type { Rest } from './rest.ts'
import { type SecretValue, secretBody } from './secret-body.ts'
import { toWire } from './wire-names.ts'

/** The raw header values of a user at a server, without the prefix that is configured there. */
export interface ServerHeaders {
  /** The server's display name, in any case. */
  readonly serverName: string
  readonly headers: readonly { readonly headerName: string; readonly headerValue: SecretValue }[]
}

export interface TokenRequest {
  /** The signed-in user of your product; created on first mention. Needed with `autoAuthenticate`. */
  readonly userEmail?: string | undefined
  /** Where the widget stands; it comes back as a claim. */
  readonly context?: { readonly agent?: string; readonly channel?: string } | undefined
  /** A part of the project's origins; absent: all of them. */
  readonly origins?: readonly string[] | undefined
  readonly autoAuthenticate?: { readonly force?: boolean | undefined; readonly servers: readonly ServerHeaders[] } | undefined
}

export interface MintedToken {
  /** For the widget; good for an hour. */
  readonly token: string
  readonly expiresAt: Date
  /** With `autoAuthenticate`: a result for each server, in the order of the request. */
  readonly autoAuthenticate?: { readonly servers: readonly ServerResult[] }
}

export interface ServerResult {
  readonly serverName: string
  readonly status: 'authenticated' | 'already_authenticated' | 'failed'
  /** Null when it failed. */
  readonly authenticatedAt: Date | null
  /** Why it failed, and null otherwise; never a value. */
  readonly detail: string | null
}

export interface Widget {
  /** From your backend alone: a widget token, and the user's credentials stored before the widget starts. Partial failure still mints. */
  mintToken(request: TokenRequest): Promise<MintedToken>
}

export function widgetOf(rest: Rest): Widget {
  return {
    async mintToken({ autoAuthenticate, ...plain }) {
      const body = bodyOf(plain, autoAuthenticate)
      try {
        return await rest.call({ method: 'POST', path: '/widget/mint-token', body })
      } finally {
        body.fill(0)
      }
    },
  }
}

/** Put together from bytes, so that no value stands in a string of ours. */
function bodyOf(plain: object, auto: TokenRequest['autoAuthenticate']): Uint8Array<ArrayBuffer> {
  const rest = JSON.stringify(toWire(plain))
  if (auto === undefined) return Buffer.from(rest)
  const made: Uint8Array[] = []
  const servers = auto.servers.flatMap(({ serverName, headers }, i) => {
    const values = headers.map(({ headerName, headerValue }) => secretBody({ header_name: headerName }, { header_value: headerValue }))
    made.push(...values)
    return [Buffer.from(`${comma(i)}{"server_name":${JSON.stringify(serverName)},"headers":[`), ...separated(values), Buffer.from(']}')]
  })
  const force = auto.force === undefined ? '' : `"force":${auto.force},`
  const head = `${rest.slice(0, -1)}${rest === '{}' ? '' : ','}"auto_authenticate":{${force}"servers":[`
  const body = Buffer.concat([Buffer.from(head), ...servers, Buffer.from(']}}')])
  for (const value of made) value.fill(0)
  return body
}

function separated(values: readonly Uint8Array[]): Uint8Array[] {
  return values.flatMap((value, i) => [Buffer.from(comma(i)), value])
}

function comma(index: number): string {
  return index === 0 ? '' : ','
}

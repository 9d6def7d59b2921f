import { readProblem } from './read-problem.ts'
import { networkError } from './rest.ts'

export interface ProxyTarget {
  readonly proxyUrl: string
  readonly key: string
  readonly user: string | undefined
}

/** Options of WHATWG fetch, and two of ours. */
export interface ProxyInit extends RequestInit {
  /** `csmr_…`: who uses the credential; after a delete it gets CREDENTIAL_DELETED instead of *not found*. */
  readonly consumer?: string
  /** `cap_…`: through this capability, where the call is made by the id of its credential. */
  readonly capability?: string
  /** True: no second try after a refresh, whatever the request. */
  readonly noReplay?: boolean
}

/**
 * WHATWG fetch through the proxy: `path` is what follows the provider's `proxy_url`, with its query. Bodies stream both ways.
 * Every answer of the provider is a Response, whatever its status; redirects are given back, not followed. A refusal of the
 * platform itself throws CredenceError (`CREDENTIAL_EXPIRED` with the reconnect address, …). An `authorization` header of the
 * caller is replaced: the platform puts the provider's in.
 */
export async function proxyFetch(target: ProxyTarget, credentialId: string, at: { path: string; init: ProxyInit }): Promise<Response> {
  const { consumer, capability, noReplay, ...init } = at.init
  const headers = new Headers(init.headers)
  headers.set('authorization', `Bearer ${target.key}`)
  if (target.user !== undefined) headers.set('credence-user', target.user)
  if (consumer !== undefined) headers.set('credence-consumer', consumer)
  if (capability !== undefined) headers.set('credence-capability', capability)
  if (noReplay === true) headers.set('credence-no-replay', 'true')
  const streams = init.body instanceof ReadableStream ? { duplex: 'half' } : {}
  let response: Response
  try {
    response = await fetch(addressOf(target, credentialId, at.path), { ...streams, ...init, headers, redirect: 'manual' } as RequestInit)
  } catch (error) {
    // What the caller's own signal says, and a request that fetch would not send, are not the network.
    if (init.signal?.aborted || !(error instanceof TypeError) || error.cause === undefined) throw error
    throw networkError(error, target.proxyUrl)
  }
  if (response.headers.get('credence-origin') === 'credence') throw await readProblem(response)
  return response
}

/** Throws TypeError for a path that would leave the credential's own address, such as `/../`. */
function addressOf({ proxyUrl }: ProxyTarget, credentialId: string, path: string): URL {
  const base = `${proxyUrl}/v1/proxy/${encodeURIComponent(credentialId)}`
  if (!path.startsWith('/')) throw new TypeError('The path begins with a slash.')
  const url = new URL(base + path)
  if (!url.href.startsWith(`${new URL(base).href}/`)) throw new TypeError('The path leads out of the credential.')
  return url
}

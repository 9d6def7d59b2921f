import { type Credence, CredenceError } from '@credence/sdk'

/** What came of one proxied call: the API's own status, or the code of the refusal. */
export interface Use {
  readonly status: number
  readonly code?: string
  readonly reconnectUrl?: string
}

/** One proxied call, a GET; with `post` a POST to that path. Status 0 with a code: the platform refused, or is gone. */
export async function use(run: { readonly credence: Credence }, credentialId: string, post?: string): Promise<Use> {
  try {
    const response = await run.credence.fetch(credentialId, ...callOf(post))
    await response.arrayBuffer()
    return { status: response.status }
  } catch (error) {
    if (!(error instanceof CredenceError)) return { status: 0, code: 'GONE' }
    const { code, reconnectUrl } = error
    return { status: 0, code, ...(reconnectUrl === undefined ? {} : { reconnectUrl }) }
  }
}

function callOf(post: string | undefined): [string, RequestInit] {
  const signal = AbortSignal.timeout(CALL_MS)
  return post === undefined ? ['/echo', { signal }] : [post, { method: 'POST', body: 'once', signal }]
}

const CALL_MS = 10_000

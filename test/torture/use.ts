import { CredenceError } from '@credence/sdk'
import type { Run } from './arena.ts'

/** What came of one proxied call: the API's own status, or the code of the refusal. */
export interface Use {
  readonly status: number
  readonly code?: string
  readonly reconnectUrl?: string
}

/** One proxied call. Status 0 with a code: the platform refused, or is gone. */
export async function use(run: Run, credentialId: string): Promise<Use> {
  try {
    const response = await run.credence.fetch(credentialId, '/echo', { signal: AbortSignal.timeout(CALL_MS) })
    await response.arrayBuffer()
    return { status: response.status }
  } catch (error) {
    if (!(error instanceof CredenceError)) return { status: 0, code: 'GONE' }
    const { code, reconnectUrl } = error
    return { status: 0, code, ...(reconnectUrl === undefined ? {} : { reconnectUrl }) }
  }
}

const CALL_MS = 10_000

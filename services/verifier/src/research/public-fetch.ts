import type { Egress } from '@credence/egress'
import { isCoded } from '@credence/errors'
import { USER_AGENT_TOKEN } from './robots.ts'

/** One GET of a public address: no cookie, no credential, no redirect followed. */
export type PublicFetch = (url: string, limits: { readonly maxBytes: number; readonly timeoutMs: number }) => Promise<PublicAnswer>

export interface PublicAnswer {
  /** 0: no answer came; `failure` says why. */
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
  /** The body went on after `maxBytes`. */
  readonly cut: boolean
  /** The code of what stood in the way; empty when an answer came. */
  readonly failure: string
}

const ACCEPT = 'text/html, application/json;q=0.9, application/yaml;q=0.9, text/markdown;q=0.9, text/plain;q=0.8, */*;q=0.1'

/** The real one: over the module that opens sockets, with its address checks, for the project that asked. */
export function publicFetch(egress: Egress, project: string): PublicFetch {
  return async (url, { maxBytes, timeoutMs }) => {
    try {
      const answer = await egress.send({
        project,
        method: 'GET',
        url,
        hosts: [new URL(url).origin],
        headers: [
          ['accept', ACCEPT],
          // Nothing is unpacked here: a small answer cannot become a large one.
          ['accept-encoding', 'identity'],
          ['user-agent', `${USER_AGENT_TOKEN} (reads public API documentation)`],
        ],
        deadlineMs: timeoutMs,
      })
      const headers = new Map(answer.headers)
      return { status: answer.status, headers, failure: '', ...(await firstBytes(answer.body, maxBytes)) }
    } catch (error) {
      if (!isCoded(error)) throw error
      return { status: 0, headers: new Map(), body: Buffer.alloc(0), cut: false, failure: error.code }
    }
  }
}

/** Ends the call upstream as soon as there is enough; what came before it broke off or stalled counts too. */
async function firstBytes(
  body: AsyncIterable<Buffer> & { destroy(): void },
  maxBytes: number,
): Promise<Pick<PublicAnswer, 'body' | 'cut'>> {
  const chunks: Buffer[] = []
  let bytes = 0
  let cut = false
  try {
    for await (const chunk of body) {
      chunks.push(chunk.subarray(0, maxBytes - bytes))
      bytes += chunk.length
      cut = bytes > maxBytes
      if (cut) break
    }
  } catch (error) {
    if (!isCoded(error)) throw error
    cut = true
  } finally {
    body.destroy()
  }
  return { body: Buffer.concat(chunks), cut }
}

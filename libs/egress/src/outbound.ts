import type { Readable } from 'node:stream'
import type { SwappedSecret } from './placeholder.ts'

/** One call to the outside. Everything in it is checked before a socket is looked for. */
export interface OutboundRequest {
  /** Whose call it is: connections are never shared between projects, and EGRESS_ALLOW may differ. */
  readonly project: string
  readonly method: string
  /** Absolute, https (http only to addresses the operator listed), without userinfo or fragment. Placeholders may stand in path and query. */
  readonly url: string
  /** What may be called: origin and path prefix each. No list, no call: HOST_REFUSED. */
  readonly hosts: readonly string[]
  /** Values may contain placeholders. Host, Content-Length and what belongs to a connection are set here and refused from a caller. */
  readonly headers: readonly (readonly [string, string])[]
  readonly secrets?: readonly SwappedSecret[]
  /**
   * A `Uint8Array` is sent with its length and never copied into a string; its owner may wipe it once the answer has ended.
   * A stream is read once, chunked unless `contentLength` is given; if the call ends early its iterator's `return` is called.
   */
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>
  /** Length of a streamed body. A body of another length fails the call; no byte beyond it is written. */
  readonly contentLength?: number
  readonly signal?: AbortSignal
  /** Longest wait for a connection, and again for the answer's head once the request is out. 60,000. */
  readonly headersTimeoutMs?: number
  /** Longest time in which no byte of a body moves, in either direction, whoever is slow. 60,000. */
  readonly idleTimeoutMs?: number
  /** Longest time for the whole call, body included. No limit. */
  readonly deadlineMs?: number
  /** Longest answer body as it comes, still encoded. No limit; beyond it UPSTREAM_BOMB. */
  readonly maxResponseBytes?: number
  /**
   * Called in the very call stack in which the first byte of the head is written to the socket, after connect and TLS.
   * A throw means that nothing was sent, and is what `send` rejects with.
   */
  readonly beforeWrite?: () => void
}

export interface OutboundResponse {
  readonly status: number
  /** Names in lower case, repeated ones kept, without those that only concern the upstream's connection with us (RFC 9110 §7.6.1). */
  readonly headers: readonly (readonly [string, string])[]
  /** Raw: still content-encoded. `destroy()` ends the call upstream and frees its connection. */
  readonly body: Readable
  readonly remoteAddress: string
}

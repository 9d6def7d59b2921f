import type { IncomingHttpHeaders } from 'node:http'

/** A request as the mock API received it. */
export interface ReceivedRequest {
  readonly method: string
  /** With the query, as it stood in the request line. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** Names and values as they came, in order: shows doubled headers and their case. */
  readonly rawHeaders: readonly string[]
  /** The first 64 KiB. */
  readonly body: Buffer
  readonly bodyBytes: number
  /** Hex, of the whole body. */
  readonly bodySha256: string
  /** False when the sender hung up before the end of the body. */
  readonly complete: boolean
}

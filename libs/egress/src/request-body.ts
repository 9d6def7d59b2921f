import { Readable } from 'node:stream'
import { CodedError } from '@credence/errors'

/** Above this a buffer goes out in pieces, so that a slow upload shows progress and is not taken for a stalled one. */
const PIECE_BYTES = 262_144

/** What is given to the dispatcher: small buffers as they are, everything else as a stream that reports each chunk to `onMove`. */
export function requestBody(body: Uint8Array | AsyncIterable<Uint8Array> | undefined, onMove: () => void): Uint8Array | Readable | null {
  if (body === undefined) return null
  if (body instanceof Uint8Array && body.byteLength <= PIECE_BYTES) return body
  const chunks = body instanceof Uint8Array ? piecesOf(body) : body
  return new BodyStream(chunks, onMove)
}

/** The length to announce where the dispatcher cannot see it: it counts small buffers itself. */
export function streamedLength(
  body: Uint8Array | AsyncIterable<Uint8Array> | undefined,
  announced: number | undefined,
): number | undefined {
  if (body instanceof Uint8Array) return body.byteLength > PIECE_BYTES ? body.byteLength : undefined
  if (body === undefined || announced === undefined) return undefined
  if (!Number.isSafeInteger(announced) || announced < 0) throw new TypeError('contentLength is not a length')
  return announced
}

function* piecesOf(body: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < body.byteLength; at += PIECE_BYTES) yield body.subarray(at, at + PIECE_BYTES)
}

/** Reads the source only as far as the socket takes it, and lets go of it whichever side ends first. */
class BodyStream extends Readable {
  readonly #chunks: Iterator<Uint8Array> | AsyncIterator<Uint8Array>
  readonly #onMove: () => void
  #ended = false

  constructor(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, onMove: () => void) {
    super({ highWaterMark: PIECE_BYTES })
    this.#chunks = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
    this.#onMove = onMove
  }

  override _read(): void {
    this.#pull().catch((error: unknown) => {
      this.#ended = true
      const failure = new CodedError('INVALID_REQUEST', 'The body of the request ended before it was complete.', {
        facts: { cause: 'body' },
      })
      this.destroy(error instanceof CodedError ? error : failure)
    })
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (!this.#ended) Promise.resolve(this.#chunks.return?.()).catch(() => undefined)
    callback(error)
  }

  async #pull(): Promise<void> {
    const { done, value } = await this.#chunks.next()
    if (this.destroyed) return
    this.#onMove()
    this.#ended = done === true
    if (done) this.push(null)
    else this.push(value)
  }
}

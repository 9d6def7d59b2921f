import { CodedError } from '@credence/errors'

/** The body of a call on its way: absent, small and whole, or a stream. */
export type CallBody = Uint8Array | StreamedBody | undefined

/** A body of this size is kept until the answer's status is known, so that the call can be replayed after a refresh. */
const REPLAYABLE_BYTES = 64 * 1024

export interface BodyOptions {
  readonly body?: AsyncIterable<Uint8Array>
  readonly contentLength?: number
}

/** Reads a small body whole. Throws REQUEST_TOO_LARGE, and INVALID_REQUEST for one of another length than it says. */
export async function callBody({ body, contentLength }: BodyOptions, maxBytes: number): Promise<CallBody> {
  if ((contentLength ?? 0) > maxBytes) throw new CodedError('REQUEST_TOO_LARGE')
  if (body === undefined || contentLength === 0) return undefined
  if (contentLength === undefined || contentLength > REPLAYABLE_BYTES) return new StreamedBody(body, maxBytes)
  return readExactly(body, contentLength)
}

async function readExactly(body: AsyncIterable<Uint8Array>, length: number): Promise<Uint8Array> {
  const whole = Buffer.allocUnsafeSlow(length)
  let at = 0
  try {
    for await (const chunk of body) {
      if (at + chunk.byteLength > length) throw otherLength()
      whole.set(chunk, at)
      at += chunk.byteLength
    }
  } catch (error) {
    throw error instanceof CodedError ? error : otherLength()
  }
  if (at < length) throw otherLength()
  return whole
}

function otherLength(): CodedError {
  return new CodedError('INVALID_REQUEST', 'The body has another length than was announced.')
}

/**
 * A body that is read once. Until its call has left it can be offered to several attempts, and each gets all of it: what
 * one has drawn and not sent is kept for the next. The source is never told to stop, since for HTTP that would cut the
 * connection on which the caller waits for his answer.
 */
export class StreamedBody {
  readonly #source: AsyncIterator<Uint8Array>
  readonly #maxBytes: number
  /** By place in the stream; those before `#from` have left. */
  readonly #drawn = new Map<number, Promise<IteratorResult<Uint8Array>>>()
  #left = false

  constructor(source: AsyncIterable<Uint8Array>, maxBytes: number) {
    this.#source = source[Symbol.asyncIterator]()
    this.#maxBytes = maxBytes
  }

  /** The call leaves now: nothing more is kept. */
  leave(): void {
    this.#left = true
  }

  /** All of it, for a signature; nothing is left to stream. */
  async whole(): Promise<Uint8Array> {
    const chunks: Uint8Array[] = []
    this.leave()
    try {
      for await (const chunk of this.chunks()) chunks.push(chunk)
    } catch (error) {
      throw error instanceof CodedError ? error : new CodedError('INVALID_REQUEST', 'The body ended before it was complete.')
    }
    return Buffer.concat(chunks)
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    let size = 0
    for (let place = 0; ; place++) {
      const { done, value } = await this.#draw(place)
      if (done === true) return
      if (this.#left) this.#drawn.delete(place)
      size += value.byteLength
      if (size > this.#maxBytes) throw new CodedError('REQUEST_TOO_LARGE')
      yield value
    }
  }

  #draw(place: number): Promise<IteratorResult<Uint8Array>> {
    const drawn = this.#drawn.get(place) ?? this.#source.next()
    this.#drawn.set(place, drawn)
    return drawn
  }
}

import { pipeline, type Readable, Transform, type TransformCallback } from 'node:stream'

/** Shorter ones are words: no provider issues tokens of that length. */
const SHORTEST = 32
const MASK = 0x2a
const TOKEN_BYTES = new Set(Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'))

/**
 * Overwrites every token of the provider in an answer: asked in the right way an API gives fresh ones, and those are no
 * caller's business either. A token is a run of letters and digits that begins with the prefix. Lengths stay as they are.
 */
export function maskTokens(prefix: string): Transform {
  return new TokenMask(Buffer.from(prefix))
}

/** The body behind the mask; whatever ends one of them ends both. */
export function throughMask(body: Readable, prefix: string): Readable {
  return pipeline(body, maskTokens(prefix), () => undefined)
}

class TokenMask extends Transform {
  readonly #prefix: Buffer
  /** The beginning of what may yet turn out to be a token. */
  #held: Buffer = Buffer.alloc(0)
  /** The run that the last chunk ended in. */
  #run: 'none' | 'token' | 'other' = 'none'

  constructor(prefix: Buffer) {
    super()
    this.#prefix = prefix
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const bytes = this.#held.byteLength === 0 ? chunk : Buffer.concat([this.#held, chunk])
    const decided = this.#mask(bytes, false)
    // A copy: the chunk belongs to whoever made it.
    this.#held = Buffer.from(bytes.subarray(decided))
    done(null, bytes.subarray(0, decided))
  }

  override _flush(done: TransformCallback): void {
    this.#mask(this.#held, true)
    done(null, this.#held)
  }

  /** Masks in place; answers how many bytes are decided. */
  #mask(bytes: Buffer, isEnd: boolean): number {
    for (let at = 0; at < bytes.byteLength; ) {
      const end = endOfRun(bytes, at)
      const touchesEnd = end === bytes.byteLength && !isEnd
      if (this.#run === 'none' && end > at) {
        const run = bytes.subarray(at, end)
        if (touchesEnd && run.byteLength < SHORTEST && this.#mayBegin(run)) return at
        this.#run = run.byteLength >= SHORTEST && run.subarray(0, this.#prefix.byteLength).equals(this.#prefix) ? 'token' : 'other'
      }
      if (this.#run === 'token') bytes.fill(MASK, at, end)
      if (end < bytes.byteLength) this.#run = 'none'
      at = end === at ? at + 1 : end
    }
    return bytes.byteLength
  }

  #mayBegin(run: Buffer): boolean {
    const length = Math.min(run.byteLength, this.#prefix.byteLength)
    return run.subarray(0, length).equals(this.#prefix.subarray(0, length))
  }
}

/** Letters, digits, `-` and `_`. */
function endOfRun(bytes: Buffer, from: number): number {
  let at = from
  while (at < bytes.byteLength && TOKEN_BYTES.has(bytes[at]!)) at++
  return at
}

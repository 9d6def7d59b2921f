import { Readable } from 'node:stream'

/** Held in memory per call before the upstream is asked to wait. */
const HIGH_WATER_MARK_BYTES = 65_536

/** What a body needs of the call it belongs to. */
export interface AnswerSource {
  resume(): void
  /** The reader wants no more: the call ends upstream and its connection is freed. */
  abandon(): void
}

/** The answer's bytes as they come. Destroying it before its end ends the call. */
export class AnswerBody extends Readable {
  readonly #source: AnswerSource

  constructor(source: AnswerSource) {
    super({ highWaterMark: HIGH_WATER_MARK_BYTES })
    this.#source = source
  }

  override _read(): void {
    this.#source.resume()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#source.abandon()
    callback(error)
  }
}

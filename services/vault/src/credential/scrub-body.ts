import { Readable } from 'node:stream'
import { CodedError } from '@credence/errors'
import type { Masker } from './scrub-masker.ts'

const HIGH_WATER_MARK_BYTES = 65_536

/** A body that passes through a masker. It fails when its source fails or breaks off, and takes its source with it. */
export class ScrubbedBody extends Readable {
  readonly #source: Readable
  readonly #masker: Masker
  readonly #onClose: () => void
  #ended = false

  constructor(source: Readable, masker: Masker, onClose: () => void) {
    super({ highWaterMark: HIGH_WATER_MARK_BYTES })
    this.#source = source
    this.#masker = masker
    this.#onClose = onClose
    source.pause()
    source.on('data', (chunk: Uint8Array) => this.#take(chunk))
    source.once('end', () => this.#finish())
    source.on('error', (error) => this.destroy(error))
    source.once('close', () => this.#breakOff())
    if (source.destroyed) process.nextTick(() => this.#breakOff())
  }

  override _read(): void {
    this.#source.resume()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#ended = true
    this.#source.destroy()
    this.#onClose()
    callback(error)
  }

  #take(chunk: Uint8Array): void {
    if (this.#ended) return
    try {
      const out = this.#masker.push(chunk)
      if (out.length > 0 && !this.push(out)) this.#source.pause()
    } catch (error) {
      // Whatever goes wrong in the search, an answer that was not searched does not pass.
      this.destroy(error as Error)
    }
  }

  #breakOff(): void {
    if (!this.#ended) this.destroy(new CodedError('UPSTREAM_UNREACHABLE', 'The answer broke off before its end.'))
  }

  #finish(): void {
    if (this.#ended) return
    this.#ended = true
    const rest = this.#masker.end()
    if (rest.length > 0) this.push(rest)
    this.push(null)
  }
}

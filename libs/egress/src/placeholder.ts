import { CodedError } from '@credence/errors'
import type { Random } from '@credence/service'
import type { Slabs } from './slabs.ts'

/** A value that is not in the request: its placeholder is, until the socket writes these bytes in its place. */
export interface SwappedSecret {
  /** Made by `newPlaceholder`. */
  readonly placeholder: string
  /** As they shall stand on the wire (in a query: percent-encoded already). They stay the caller's, who wipes them when `send` has settled. */
  readonly bytes: Uint8Array
}

const PREFIX = 'credence_ph_'
const BODY_LENGTH = 32
const PLACEHOLDER_LENGTH = PREFIX.length + BODY_LENGTH
const BODY = /^[0-9a-f]{32}$/
const SERIES_BYTES = 11

/** Random bits are drawn once per source of chance, then counted on: no placeholder leaves the process, so none can be continued. */
const series = new WeakMap<Random, { readonly start: string; count: number }>()

/** A text that nobody outside can guess and that survives headers and URLs unchanged. */
export function newPlaceholder(random: Random): string {
  let run = series.get(random)
  if (run === undefined) {
    run = { start: PREFIX + Buffer.from(random.bytes(SERIES_BYTES)).toString('hex'), count: 0 }
    series.set(random, run)
  }
  run.count++
  return run.start + run.count.toString(16).padStart(BODY_LENGTH - 2 * SERIES_BYTES, '0')
}

export function hasPlaceholder(text: string): boolean {
  return nextPlaceholder(text, 0) >= 0
}

/** Where the next placeholder begins, known or not; -1 when there is none. */
function nextPlaceholder(text: string, from: number): number {
  for (let at = text.indexOf(PREFIX, from); at >= 0; at = text.indexOf(PREFIX, at + 1)) {
    if (BODY.test(text.slice(at + PREFIX.length, at + PLACEHOLDER_LENGTH))) return at
  }
  return -1
}

/** Throws unless each placeholder of the request is known and its bytes cannot end the line they are put into (CR, LF, NUL, space in a target). */
export function checkPlaceholders(target: string, values: readonly string[], secrets: readonly SwappedSecret[]): void {
  checkText(target, secrets, unsafeInTarget)
  for (const value of values) checkText(value, secrets, unsafeInHeader)
}

function checkText(text: string, secrets: readonly SwappedSecret[], unsafe: (byte: number) => boolean): void {
  for (let at = nextPlaceholder(text, 0); at >= 0; at = nextPlaceholder(text, at + PLACEHOLDER_LENGTH)) {
    const { bytes } = secretAt(text, at, secrets)
    // Byte by byte: a string of the whole value would stay in memory after its owner has wiped the bytes.
    for (let i = 0; i < bytes.byteLength; i++) if (unsafe(bytes[i] ?? 0)) throw unsafeSecret()
  }
}

/** The target ends at the first space; `#` would begin what is not sent. */
function unsafeInTarget(byte: number): boolean {
  return byte <= 0x20 || byte >= 0x7f || byte === 0x23
}

function unsafeInHeader(byte: number): boolean {
  return (byte < 0x20 && byte !== 0x09) || byte === 0x7f
}

function unsafeSecret(): CodedError {
  return new CodedError('FIELD_REFUSED', 'A secret has a control character, or a character that its place in the request cannot hold.')
}

function secretAt(text: string, at: number, secrets: readonly SwappedSecret[]): SwappedSecret {
  for (const secret of secrets) {
    if (secret.placeholder.length === PLACEHOLDER_LENGTH && text.startsWith(secret.placeholder, at)) return secret
  }
  throw new CodedError('INVALID_REQUEST', 'The request has a placeholder that stands for nothing.')
}

/** A head whose secrets are in place. `release` zeroes it and gives its memory back. */
export interface SwappedHead {
  readonly bytes: Buffer
  release(): void
}

/** The head's bytes with each placeholder replaced, or undefined when it has none. */
export function swapPlaceholders(head: string, secrets: readonly SwappedSecret[], slabs: Slabs): SwappedHead | undefined {
  let at = nextPlaceholder(head, 0)
  if (at < 0) return undefined
  const found: { readonly at: number; readonly secret: SwappedSecret }[] = []
  let length = head.length
  for (; at >= 0; at = nextPlaceholder(head, at + PLACEHOLDER_LENGTH)) {
    const secret = secretAt(head, at, secrets)
    found.push({ at, secret })
    length += secret.bytes.byteLength - PLACEHOLDER_LENGTH
  }
  const slab = slabs.take(length)
  const out = slab.subarray(0, length)
  let read = 0
  let written = 0
  for (const { at: start, secret } of found) {
    written += out.write(head.slice(read, start), written, 'latin1')
    out.set(secret.bytes, written)
    written += secret.bytes.byteLength
    read = start + PLACEHOLDER_LENGTH
  }
  out.write(head.slice(read), written, 'latin1')
  return { bytes: out, release: () => slabs.give(slab, length) }
}

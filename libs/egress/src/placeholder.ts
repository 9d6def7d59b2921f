import { CodedError } from '@credence/errors'
import type { Random } from '@credence/service'

/** A value that is not in the request: its placeholder is, until the socket writes these bytes in its place. */
export interface SwappedSecret {
  /** Made by `newPlaceholder`. */
  readonly placeholder: string
  /** As they shall stand on the wire (in a query: percent-encoded already). They stay the caller's, who wipes them when `send` has settled. */
  readonly bytes: Uint8Array
}

const PREFIX = 'credence_ph_'
const PLACEHOLDER = /credence_ph_[0-9a-f]{32}/g
const RANDOM_BYTES = 16

/** A text that nobody can guess and that survives headers and URLs unchanged. */
export function newPlaceholder(random: Random): string {
  return PREFIX + Buffer.from(random.bytes(RANDOM_BYTES)).toString('hex')
}

export function hasPlaceholder(text: string): boolean {
  return text.includes(PREFIX) && text.search(PLACEHOLDER) >= 0
}

/** Throws unless each placeholder of the request is known and its bytes cannot end the line they are put into (CR, LF, NUL, space in a target). */
export function checkPlaceholders(target: string, values: readonly string[], secrets: readonly SwappedSecret[]): void {
  checkText(target, secrets, unsafeInTarget)
  for (const value of values) checkText(value, secrets, unsafeInHeader)
}

function checkText(text: string, secrets: readonly SwappedSecret[], unsafe: (byte: number) => boolean): void {
  if (!text.includes(PREFIX)) return
  for (const [placeholder] of text.matchAll(PLACEHOLDER)) {
    // Byte by byte: a string of the whole value would stay in memory after its owner has wiped the bytes.
    for (const byte of secretOf(placeholder, secrets).bytes) if (unsafe(byte)) throw unsafeSecret()
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

function secretOf(placeholder: string, secrets: readonly SwappedSecret[]): SwappedSecret {
  const secret = secrets.find((candidate) => candidate.placeholder === placeholder)
  if (secret === undefined) throw new CodedError('INVALID_REQUEST', 'The request has a placeholder that stands for nothing.')
  return secret
}

/**
 * The head's bytes with each placeholder replaced, or undefined when it has none. The buffer has memory of its own
 * (`allocUnsafeSlow`: not a slice of the shared pool), so that the caller can zero all of it.
 */
export function swapPlaceholders(head: string, secrets: readonly SwappedSecret[]): Buffer | undefined {
  if (!head.includes(PREFIX)) return undefined
  const found = [...head.matchAll(PLACEHOLDER)].map((match) => ({ at: match.index, secret: secretOf(match[0], secrets) }))
  if (found.length === 0) return undefined
  const grown = found.reduce((sum, { secret }) => sum + secret.bytes.byteLength - secret.placeholder.length, 0)
  const out = Buffer.allocUnsafeSlow(head.length + grown)
  let read = 0
  let written = 0
  for (const { at, secret } of found) {
    written += out.write(head.slice(read, at), written, 'latin1')
    out.set(secret.bytes, written)
    written += secret.bytes.byteLength
    read = at + secret.placeholder.length
  }
  out.write(head.slice(read), written, 'latin1')
  return out
}

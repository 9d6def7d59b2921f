import type { HeaderInput } from '@credence/proto/mint'
import type { Secret } from '@credence/secret'
import { decodeBase64 } from './base64-bytes.ts'
import { isControl, repeatsPrefix, repeatsSuffix, skipSpace, withoutEnds } from './header-bytes.ts'

/** A header as a backend sends it: the raw value, without the configured prefix. */
export interface HeaderValue {
  readonly name: string
  readonly value: Secret
}

/**
 * The values by field, or every reason why not, in words that name headers and never repeat a value. Values are parts of those
 * that were given; what had to be decoded is wiped when this is disposed.
 */
export interface FilledHeaders extends Disposable {
  readonly secret: Record<string, Buffer>
  readonly plain: Record<string, string>
  readonly problems: readonly string[]
}

interface Filling {
  readonly secret: Record<string, Buffer>
  readonly plain: Record<string, string>
  readonly problems: string[]
  readonly decoded: Buffer[]
}

/** Puts each value into the field that its header carries. Every configured header is needed. */
export function fillHeaders(inputs: readonly HeaderInput[], given: readonly HeaderValue[]): FilledHeaders {
  const filling: Filling = { secret: {}, plain: {}, problems: [], decoded: [] }
  const { secret, plain, problems } = filling
  const values = valuesByName(inputs, given, problems)
  const missing: string[] = []
  for (const input of inputs) {
    const value = values.get(input.header.toLowerCase())
    if (value === undefined || skipSpace(value, 0) === value.length) missing.push(input.header)
    else fill(input, value, filling)
  }
  if (missing.length > 0) problems.push(`Missing required header value(s): ${missing.join(', ')}`)
  const wipe = (): void => {
    for (const bytes of filling.decoded) bytes.fill(0)
  }
  return { secret, plain, problems, [Symbol.dispose]: wipe }
}

function valuesByName(inputs: readonly HeaderInput[], given: readonly HeaderValue[], problems: string[]): Map<string, Uint8Array> {
  const values = new Map<string, Uint8Array>()
  for (const header of given) {
    const name = header.name.toLowerCase()
    if (!inputs.some((input) => input.header.toLowerCase() === name))
      problems.push(`Header "${shown(header.name)}" is not configured for this server`)
    else if (values.has(name)) problems.push(`Header "${shown(header.name)}" is given more than once`)
    else values.set(name, withoutEnds(header.value.reveal()))
  }
  return values
}

function fill(input: HeaderInput, value: Uint8Array, filling: Filling): void {
  const { header, prefixes, suffix, form } = input
  const { problems } = filling
  const repeated = prefixes.find((prefix) => repeatsPrefix(value, prefix))
  if (repeated !== undefined) {
    problems.push(`Header value for "${header}" already includes the configured prefix "${repeated.trim()}"; send the raw value`)
  } else if (value.some(isControl)) {
    problems.push(`Header value for "${header}" holds a line break or control character`)
  } else if (form !== 'raw') {
    fillPair(input, value, filling)
  } else if (repeatsSuffix(value, suffix)) problems.push(suffixRepeated(input))
  else put(input, value, filling)
}

/** `base64(user:password)` as its two values (RFC 7617 §2). An empty password is one that is not given. */
function fillPair(input: HeaderInput, value: Uint8Array, filling: Filling): void {
  const { header, form, suffix } = input
  const { problems, decoded, secret } = filling
  const pair = decodeBase64(value)
  const colon = pair?.indexOf(COLON) ?? -1
  if (pair !== undefined) decoded.push(pair)
  if (pair === undefined || colon < 0) {
    problems.push(`Header value for "${header}" is not the base64 form of user:password`)
    return
  }
  const [user, password] = [pair.subarray(0, colon), pair.subarray(colon + 1)]
  if (pair.some(isControl)) problems.push(`Header value for "${header}" holds a line break or control character`)
  else if (repeatsSuffix(user, suffix)) problems.push(suffixRepeated(input))
  else if (form === 'basic_user' && password.length > 0)
    problems.push(`Header value for "${header}" has a password, and this server asks for none: send the base64 form of "user:"`)
  else {
    put(input, user, filling)
    if (password.length > 0) secret.password = password
  }
}

function put({ field, plain }: HeaderInput, value: Uint8Array, filling: Filling): void {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  if (plain) filling.plain[field] = bytes.toString('utf8').trim()
  else filling.secret[field] = bytes
}

const COLON = 0x3a

function suffixRepeated({ header, suffix }: HeaderInput): string {
  return `Header value for "${header}" already includes the configured suffix "${suffix.trim()}"; send the raw value`
}

/** Names of headers come from outside: what cannot stand in one is not repeated. */
function shown(name: string): string {
  return name.replace(/[^!#$%&'*+.^_`|~0-9A-Za-z-]/g, '?').slice(0, 128)
}

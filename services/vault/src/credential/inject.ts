import { newPlaceholder, type SwappedSecret } from '@credence/egress'
import type { Placement, Segment } from '@credence/provider'
import { secretBuffer, secretConcat } from '@credence/secret'
import type { Random } from '@credence/service'
import type { SecretFields } from './secret-fields.ts'

/** A request as the caller wants it, without the secret. */
export interface PlainRequest {
  readonly url: URL
  readonly headers: readonly (readonly [string, string])[]
}

/** The request with placeholders where the secret goes, and the bytes for the socket; disposing wipes every one of them. */
export interface InjectedRequest extends Disposable {
  readonly url: string
  readonly headers: readonly (readonly [string, string])[]
  readonly secrets: readonly SwappedSecret[]
  /** Every form of the secret that an answer could echo: field values and what was made of them. */
  readonly needles: readonly Buffer[]
}

/**
 * Where the bytes become a header. What the caller sent under the same name is removed first: he must not be able to
 * choose between his value and ours. Pure but for the placeholders' chance.
 */
export function inject(
  request: PlainRequest,
  placements: readonly Placement[],
  context: { fields: SecretFields; plain: Readonly<Record<string, string>>; random: Random },
): InjectedRequest {
  let headers = [...request.headers]
  const secrets: SwappedSecret[] = []
  const needles: Buffer[] = []
  const query: string[] = []
  const cookies: string[] = []
  for (const placement of placements) {
    const before = needles.length
    const value = render(placement.value, context, needles)
    const placeholder = newPlaceholder(context.random)
    if (placement.in === 'header') {
      headers = headers.filter(([name]) => !sameHeader(name, placement.name))
      headers.push([placement.name, placeholder])
      secrets.push({ placeholder, bytes: value })
    } else if (placement.in === 'query') {
      query.push(`${encodeURIComponent(placement.name)}=${placeholder}`)
      secrets.push({ placeholder, bytes: percentEncoded(value) })
      // An API that puts its own address into a parameter of a redirect encodes what is encoded already.
      if (needles.length > before) needles.push(value, percentEncoded(value))
    } else {
      cookies.push(`${placement.name}=${placeholder}`)
      secrets.push({ placeholder, bytes: value })
    }
  }
  if (cookies.length > 0) headers = withCookies(headers, cookies)
  const names = placements.filter((placement) => placement.in === 'query').map((placement) => placement.name)
  const search = [...keptQuery(request.url.search, names), ...query].join('&')
  const target = `${request.url.origin}${request.url.pathname}${search === '' ? '' : `?${search}`}`
  const wipe = (): void => {
    for (const secret of secrets) secret.bytes.fill(0)
    for (const needle of needles) needle.fill(0)
  }
  return { url: target, headers, secrets, needles, [Symbol.dispose]: wipe }
}

/** Gateways that hand headers on as variables (RFC 3875 §4.1.18) make one of `X-Api-Key` and `X_Api_Key`. */
function sameHeader(a: string, b: string): boolean {
  return a.toLowerCase().replaceAll('_', '-') === b.toLowerCase().replaceAll('_', '-')
}

/** The caller's parameters as he wrote them, byte for byte: parsing and writing them again would change what he signed or meant. */
function keptQuery(search: string, names: readonly string[]): string[] {
  const parts = search.slice(1).split('&')
  return parts.filter((part) => part !== '' && !names.includes([...new URLSearchParams(part).keys()][0] ?? ''))
}

interface Values {
  readonly fields: SecretFields
  readonly plain: Readonly<Record<string, string>>
}

/** Adds to `needles` what an answer must not echo: nothing where only plain values and literals stand. */
function render(segments: readonly Segment[], values: Values, needles: Buffer[]): Buffer {
  const parts = segments.map((segment) => {
    if ('literal' in segment) return Buffer.from(segment.literal)
    if ('base64' in segment) return renderBase64(segment.base64, values, needles)
    const { prefix = '', suffix = '' } = segment
    const value = values.fields.get(segment.field)
    if (value === undefined || value.byteLength === 0) return Buffer.from(`${prefix}${segment.default ?? ''}${suffix}`)
    if (!Object.hasOwn(values.plain, segment.field)) needles.push(secretConcat([value]))
    return secretConcat([Buffer.from(prefix), value, Buffer.from(suffix)])
  })
  const whole = secretConcat(parts)
  for (const part of parts) part.fill(0)
  return whole
}

function renderBase64(segments: readonly Segment[], values: Values, needles: Buffer[]): Buffer {
  const before = needles.length
  const inner = render(segments, values, needles)
  const encoded = base64(inner)
  if (needles.length > before) needles.push(inner)
  return encoded
}

const BASE64 = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
const PADDING = 0x3d

/** Bytes to bytes: `toString('base64')` would leave the value in a string that nobody can wipe. RFC 4648 §4. */
export function base64(bytes: Uint8Array): Buffer {
  const encoded = secretBuffer(Math.ceil(bytes.byteLength / 3) * 4)
  for (let from = 0, to = 0; from < bytes.byteLength; from += 3, to += 4) {
    const [a, b, c] = [bytes[from]!, bytes[from + 1], bytes[from + 2]]
    encoded[to] = BASE64[a >> 2]!
    encoded[to + 1] = BASE64[((a & 3) << 4) | ((b ?? 0) >> 4)]!
    encoded[to + 2] = b === undefined ? PADDING : BASE64[((b & 15) << 2) | ((c ?? 0) >> 6)]!
    encoded[to + 3] = c === undefined ? PADDING : BASE64[c & 63]!
  }
  return encoded
}

const HEX = Buffer.from('0123456789ABCDEF')
const UNRESERVED = new Set(Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~'))

/** RFC 3986 §2.1, bytes to bytes. */
export function percentEncoded(bytes: Uint8Array): Buffer {
  const encoded = secretBuffer(bytes.reduce((size, byte) => size + (UNRESERVED.has(byte) ? 1 : 3), 0))
  let at = 0
  for (const byte of bytes) {
    if (UNRESERVED.has(byte)) encoded[at++] = byte
    else {
      encoded[at++] = 0x25
      encoded[at++] = HEX[byte >> 4]!
      encoded[at++] = HEX[byte & 15]!
    }
  }
  return encoded
}

function withCookies(headers: (readonly [string, string])[], cookies: readonly string[]): (readonly [string, string])[] {
  const nameOf = (cookie: string): string => cookie.split('=')[0]!.trim()
  const names = new Set(cookies.map(nameOf))
  const others = headers.filter(([name]) => name.toLowerCase() !== 'cookie')
  const kept = headers
    .filter(([name]) => name.toLowerCase() === 'cookie')
    .flatMap(([, value]) => value.split(/;\s*/))
    .filter((cookie) => cookie !== '' && !names.has(nameOf(cookie)))
  return [...others, ['Cookie', [...kept, ...cookies].join('; ')]]
}

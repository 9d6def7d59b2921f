import { newPlaceholder, type SwappedSecret } from '@credence/egress'
import type { Placement } from '@credence/provider'
import type { Random } from '@credence/service'
import { percentEncoded } from './encode-bytes.ts'
import { render, type Values } from './render.ts'

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
export function inject(request: PlainRequest, placements: readonly Placement[], context: Values & { random: Random }): InjectedRequest {
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
  const search = [...withoutParameter(request.url.search.slice(1), names), ...query].join('&')
  const target = `${request.url.origin}${request.url.pathname}${search === '' ? '' : `?${search}`}`
  const wipe = (): void => {
    for (const secret of secrets) secret.bytes.fill(0)
    for (const needle of needles) needle.fill(0)
  }
  return { url: target, headers, secrets, needles, [Symbol.dispose]: wipe }
}

/** Gateways that hand headers on as variables (RFC 3875 §4.1.18) make one of `X-Api-Key` and `X_Api_Key`. */
export function sameHeader(a: string, b: string): boolean {
  return a.toLowerCase().replaceAll('_', '-') === b.toLowerCase().replaceAll('_', '-')
}

/** The caller's parameters as he wrote them, byte for byte: parsing and writing them again would change what he signed or meant. */
export function withoutParameter(query: string, names: readonly string[]): string[] {
  const parts = query.split('&')
  return parts.filter((part) => part !== '' && !names.includes([...new URLSearchParams(part).keys()][0] ?? ''))
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

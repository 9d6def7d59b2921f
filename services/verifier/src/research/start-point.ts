import { catalogEntries } from '@credence/catalog'
import { parseProvider } from '@credence/provider'
import { brandOf, providerDomainOf } from './provider-domain.ts'
import type { PublicFetch } from './public-fetch.ts'
import { isObject, type Json, readDocument, textIn } from './read-document.ts'

/** Where a research begins. */
export type StartPoint =
  | { readonly at: 'catalogue'; readonly slug: string; readonly payload: Uint8Array }
  | { readonly at: 'address'; readonly address: string }
  /** The name is not enough: the person is asked for the site. `suggestions` came from the search endpoint. */
  | { readonly at: 'unknown'; readonly suggestions: readonly string[] }

export interface SearchSettings {
  /** An endpoint that answers JSON; `{query}` is replaced. */
  readonly url: string
  readonly fetch: PublicFetch
}

const MAX_SUGGESTIONS = 5
const SEARCH_LIMITS = { maxBytes: 1024 * 1024, timeoutMs: 10_000 }

/** Catalogue first, then the address itself, then the search endpoint if the operator gave one, else the person is asked. */
export async function startPointOf(text: string, search: SearchSettings | undefined): Promise<StartPoint> {
  const address = addressIn(text)
  const known = knownProvider(address === undefined ? { name: text } : { host: new URL(address).hostname })
  if (known !== undefined) return { at: 'catalogue', ...known }
  if (address !== undefined) return { at: 'address', address }
  const found = search === undefined ? [] : await searchFor(text, search)
  const certain = found.find((url) => isNamed(url, text))
  if (certain !== undefined) return { at: 'address', address: `${new URL(certain).origin}/` }
  return { at: 'unknown', suggestions: [...new Set(found.map((url) => new URL(url).origin))].slice(0, MAX_SUGGESTIONS) }
}

/** `docs.acme.com/api` and `https://…` are addresses; `Acme Desk` is a name. */
export function addressIn(text: string): string | undefined {
  const trimmed = text.trim()
  const written = /^https?:\/\//i.test(trimmed) ? trimmed : /^[\w-]+(?:\.[\w-]+)+(?:[/:?].*)?$/.test(trimmed) ? `https://${trimmed}` : ''
  const url = URL.parse(written)
  if (url === null || url.username !== '' || url.password !== '' || url.hostname === '') return undefined
  url.hash = ''
  return url.href
}

/** The one entry whose name this is, or whose API or documentation has this very host. */
function knownProvider(wanted: { name: string } | { host: string }): { slug: string; payload: Uint8Array } | undefined {
  const matching = catalogEntries().filter(({ slug, bytes }) => {
    const { display_name, proxy_url, docs } = parseProvider(bytes)
    if ('name' in wanted) return [slug, display_name.toLowerCase()].includes(wanted.name.trim().toLowerCase())
    const hosts = [proxy_url, docs ?? ''].map((url) => URL.parse(url.replace(/\{\{\w+\}\}/g, 'x'))?.hostname)
    return hosts.includes(wanted.host)
  })
  const [only] = matching
  return only === undefined || matching.length > 1 ? undefined : { slug: only.slug, payload: only.bytes }
}

async function searchFor(name: string, { url, fetch }: SearchSettings): Promise<readonly string[]> {
  const query = encodeURIComponent(`${name} API documentation`)
  const answer = await fetch(url.replaceAll('{query}', query), SEARCH_LIMITS)
  if (answer.status !== 200 || answer.cut) return []
  return addressesIn(readDocument(answer.body.toString('utf8')), 0).slice(0, MAX_SUGGESTIONS * 2)
}

/** Search endpoints differ in their shape; all of them say `url` or `link` at each result. */
function addressesIn(value: Json | undefined, depth: number): readonly string[] {
  if (depth > 5 || value === undefined || value === null) return []
  if (Array.isArray(value)) return value.slice(0, 20).flatMap((item: Json) => addressesIn(item, depth + 1))
  if (!isObject(value)) return []
  const own = textIn(value, 'url') ?? textIn(value, 'link')
  if (own !== undefined && URL.parse(own)?.protocol === 'https:') return [own]
  return Object.values(value).flatMap((member) => addressesIn(member, depth + 1))
}

/** Only a site whose domain is called like the service is taken without asking. */
function isNamed(url: string, name: string): boolean {
  const letters = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '')
  return letters(brandOf(providerDomainOf(new URL(url).hostname))) === letters(name)
}

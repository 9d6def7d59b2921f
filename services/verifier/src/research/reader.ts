import type { ResearchLimits } from './limits.ts'
import type { ProviderDomain } from './provider-domain.ts'
import type { PublicAnswer, PublicFetch } from './public-fetch.ts'
import { ALLOW_ALL, ALLOW_NONE, MAX_ROBOTS_BYTES, parseRobots, type RobotsRules } from './robots.ts'

/** An answer that was read, at the address where it really stood. */
export interface Page {
  readonly url: string
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly text: string
  /** It went on; only the beginning is here. */
  readonly cut: boolean
}

/** One address that was tried, for the report: what came of it. */
export interface Visit {
  readonly url: string
  /** `read`, `cut` (only its beginning), `missing` (4xx), `failed`, `robots`, `foreign`, `limit`, `redirects`, `encoded`. */
  readonly outcome: 'read' | 'cut' | 'missing' | 'failed' | 'robots' | 'foreign' | 'limit' | 'redirects' | 'encoded'
}

export interface ReadKind {
  /** An OpenAPI document may be longer than a page, and part of one is of no use. */
  readonly document?: boolean
}

export interface ReaderOptions {
  readonly fetch: PublicFetch
  readonly limits: ResearchLimits
  readonly domain: ProviderDomain
  readonly monotonicMs: () => number
  readonly signal?: AbortSignal
}

/**
 * Reads public pages of one provider within limits that no site can widen.
 * L1 Only hosts of the provider's domain, and those that its own metadata named and `admit` took.
 * L2 Never an address twice; never more pages, bytes, hosts, redirects or time than allowed, whatever the site answers.
 * L3 robots.txt of each origin is asked before anything else there (RFC 9309), for redirects too.
 */
export class Reader {
  readonly visits: Visit[] = []
  readonly #options: ReaderOptions
  readonly #endsAt: number
  readonly #admitted = new Set<string>()
  readonly #hosts = new Set<string>()
  readonly #robots = new Map<string, Promise<RobotsRules>>()
  readonly #read = new Map<string, Promise<Page | undefined>>()
  #pages = 0
  #bytes = 0

  constructor(options: ReaderOptions) {
    this.#options = options
    this.#endsAt = options.monotonicMs() + options.limits.totalMs
  }

  /** Nothing more will be read: what there is must do. */
  get exhausted(): boolean {
    const { limits } = this.#options
    return this.#pages >= limits.pages || this.#bytes >= limits.bytes || this.#leftMs() <= 0
  }

  /** Addresses were tried, and no server of the provider gave an answer: the name is wrong, or nothing can be reached from here. */
  get reachedNothing(): boolean {
    const tried = this.visits.filter(({ outcome }) => outcome !== 'limit')
    return tried.length > 0 && tried.every(({ outcome }) => outcome === 'failed')
  }

  /** Takes a host that an official document of the provider named. A host that is no plain name is not taken. */
  admit(url: string): void {
    const host = URL.parse(url)?.hostname
    if (host !== undefined) this.#admitted.add(host)
  }

  isOwn(url: string): boolean {
    const parsed = URL.parse(url)
    return parsed !== null && this.#options.domain.owns(parsed.hostname)
  }

  isAdmitted(url: string): boolean {
    const parsed = URL.parse(url)
    return parsed !== null && (this.#options.domain.owns(parsed.hostname) || this.#admitted.has(parsed.hostname))
  }

  /** The answer with a 2xx or 401 status, or undefined for everything else; each address once. */
  read(url: string, kind: ReadKind = {}): Promise<Page | undefined> {
    const address = addressOf(url)
    if (address === undefined) return Promise.resolve(undefined)
    const known = this.#read.get(address)
    if (known !== undefined) return known
    const reading = this.#follow(address, kind)
    this.#read.set(address, reading)
    return reading
  }

  async #follow(start: string, kind: ReadKind): Promise<Page | undefined> {
    let url = start
    for (let hops = 0; hops <= this.#options.limits.redirects; hops++) {
      const refused = await this.#refusal(url)
      if (refused !== undefined) return this.#visited(url, refused)
      const answer = await this.#ask(url, kind)
      const location = answer.headers.get('location')
      if (answer.status < 300 || answer.status > 399 || location === undefined) return this.#judge(url, answer)
      const next = addressOf(location, url)
      if (next === undefined || (new URL(url).protocol === 'https:' && !next.startsWith('https:'))) return this.#visited(url, 'failed')
      url = next
    }
    return this.#visited(start, 'redirects')
  }

  #judge(url: string, answer: PublicAnswer): Page | undefined {
    const { status, headers, body, cut, failure } = answer
    if (failure !== '' || status >= 500) return this.#visited(url, 'failed')
    if ((headers.get('content-encoding') ?? 'identity') !== 'identity') return this.#visited(url, 'encoded')
    if (status !== 401 && (status < 200 || status > 299)) return this.#visited(url, 'missing')
    this.#visited(url, cut ? 'cut' : 'read')
    return { url, status, headers, text: textOf(body, headers.get('content-type') ?? ''), cut }
  }

  async #refusal(url: string): Promise<Visit['outcome'] | undefined> {
    if (!this.isAdmitted(url)) return 'foreign'
    if (this.exhausted) return 'limit'
    const { host, origin, pathname, search } = new URL(url)
    if (!this.#hosts.has(host) && this.#hosts.size >= this.#options.limits.hosts) return 'limit'
    this.#hosts.add(host)
    const rules = this.#robots.get(origin) ?? this.#askRobots(origin)
    this.#robots.set(origin, rules)
    const told = await rules
    // Not read either way, and yet another thing to be told: nobody has forbidden anything.
    if (told === ALLOW_NONE) return 'failed'
    return told.allows(`${pathname}${search}`) ? undefined : 'robots'
  }

  async #ask(url: string, kind: ReadKind): Promise<PublicAnswer> {
    const { limits, fetch } = this.#options
    this.#pages++
    const most = kind.document ? limits.documentBytes : limits.pageBytes
    const maxBytes = Math.max(1, Math.min(most, limits.bytes - this.#bytes))
    const answer = await fetch(url, { maxBytes, timeoutMs: Math.max(1, Math.min(limits.pageMs, this.#leftMs())) })
    this.#bytes += answer.body.length
    return answer
  }

  /** RFC 9309 §2.3.1: missing allows all, unreachable forbids all. Its redirects are followed only where we may read anyway. */
  async #askRobots(origin: string): Promise<RobotsRules> {
    let url = `${origin}/robots.txt`
    for (let hops = 0; hops <= this.#options.limits.redirects; hops++) {
      const timeoutMs = Math.max(1, Math.min(this.#options.limits.pageMs, this.#leftMs()))
      const answer = await this.#options.fetch(url, { maxBytes: MAX_ROBOTS_BYTES, timeoutMs })
      this.#bytes += answer.body.length
      if (answer.failure !== '' || answer.status >= 500 || answer.status === 429) return ALLOW_NONE
      if (answer.status >= 200 && answer.status < 300) return parseRobots(answer.body.toString('utf8'))
      const next = answer.status < 400 ? addressOf(answer.headers.get('location') ?? '', url) : undefined
      if (next === undefined || !this.isAdmitted(next)) return ALLOW_ALL
      url = next
    }
    return ALLOW_ALL
  }

  #visited(url: string, outcome: Visit['outcome']): undefined {
    this.visits.push({ url, outcome })
  }

  #leftMs(): number {
    if (this.#options.signal?.aborted) return 0
    return this.#endsAt - this.#options.monotonicMs()
  }
}

/** The address as it is asked for: without fragment, without user information, http or https. */
function addressOf(url: string, base?: string): string | undefined {
  const parsed = url === '' ? null : URL.parse(url, base)
  if (parsed === null || !/^https?:$/.test(parsed.protocol) || parsed.username !== '' || parsed.password !== '') return undefined
  parsed.hash = ''
  return parsed.href
}

/** Where HTML says its own charset (HTML §13.2.3.2). */
const META_CHARSET = /<meta\s[^>]{0,200}?charset\s*=\s*["']?\s*([\w-]+)/i
const META_WITHIN = 1024

/** The charset of the header, else of the page itself, else UTF-8; what cannot be decoded is shown as a replacement character. */
function textOf(body: Buffer, contentType: string): string {
  const said = /charset="?([\w-]+)/i.exec(contentType)?.[1] ?? META_CHARSET.exec(body.toString('latin1', 0, META_WITHIN))?.[1]
  try {
    return new TextDecoder(said ?? 'utf-8').decode(body)
  } catch {
    return new TextDecoder().decode(body)
  }
}

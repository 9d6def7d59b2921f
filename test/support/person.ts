import { readFileSync } from 'node:fs'
import { Agent, buildConnector, request } from 'undici'

/** A person without a browser: keeps cookies, follows links and redirects, fills in forms. */
export class Person {
  readonly #cookies = new Map<string, Map<string, string>>()
  /** Everything that the platform's pages ever showed or redirected to, for the canary search. */
  readonly seen: string[] = []
  readonly #agent: Agent

  /** With stand-ins, every https host is looked for there, as the settings of the platform do it. */
  constructor(standIns?: { readonly caFile: string; readonly port: number }) {
    const connector = standIns === undefined ? buildConnector({}) : buildConnector({ ca: readFileSync(standIns.caFile) })
    this.#agent = new Agent({
      connect(options, callback) {
        const there = options.protocol === 'https:' && standIns !== undefined
        const place = there ? { hostname: '127.0.0.1', port: String(standIns.port), servername: options.hostname } : {}
        connector({ ...options, ...place }, callback)
      },
    })
  }

  async leave(): Promise<void> {
    await this.#agent.close()
  }

  /** Opens an address and follows redirects until a page comes; `stopAt` ends the way at an address that is not fetched. */
  async open(address: string, stopAt?: (url: URL) => boolean): Promise<Page> {
    return this.#go(new URL(address), { method: 'GET' }, stopAt)
  }

  /** Fills in the form with this action on the page and sends it. */
  async submit(
    page: Page,
    fields: Readonly<Record<string, string | readonly string[]>>,
    options: { action?: RegExp; stopAt?: (url: URL) => boolean } = {},
  ): Promise<Page> {
    const form = page.forms.find((candidate) => options.action === undefined || options.action.test(candidate.action))
    if (form === undefined) throw new TypeError(`no such form on ${page.url.pathname}: ${page.text.slice(0, 400)}`)
    const body = new URLSearchParams(form.hidden)
    for (const name of Object.keys(fields)) body.delete(name)
    for (const [name, value] of Object.entries(fields)) for (const item of [value].flat()) body.append(name, item)
    return this.#go(new URL(form.action, page.url), { method: 'POST', body: body.toString() }, options.stopAt)
  }

  async #go(start: URL, init: { method: string; body?: string }, stopAt?: (url: URL) => boolean): Promise<Page> {
    let url = start
    let next: { method: string; body?: string } = init
    for (let hops = 0; hops < 20; hops++) {
      if (stopAt?.(url) === true) return { url, status: 0, text: '', forms: [] }
      const { status, location, text } = await this.#fetch(url, next)
      // Providers are https here: what they say, codes and all, is theirs to say.
      if (url.protocol === 'http:') this.seen.push(`${url.pathname} ${status} ${location ?? ''}`, text)
      if (location === undefined || status < 300 || status > 399) return { url, status, text, forms: formsOf(text) }
      url = new URL(location, url)
      next = { method: 'GET' }
    }
    throw new TypeError('too many redirects')
  }

  async #fetch(url: URL, init: { method: string; body?: string }): Promise<{ status: number; location: string | undefined; text: string }> {
    const jar = this.#cookies.get(url.host) ?? new Map<string, string>()
    const headers: Record<string, string> = { accept: 'text/html' }
    if (jar.size > 0) headers.cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    if (init.body !== undefined) Object.assign(headers, { 'content-type': 'application/x-www-form-urlencoded', origin: url.origin })
    const response = await request(url, {
      method: init.method as 'GET' | 'POST',
      headers,
      dispatcher: this.#agent,
      body: init.body ?? null,
    })
    for (const cookie of [response.headers['set-cookie'] ?? []].flat()) {
      const [pair = ''] = cookie.split(';')
      const at = pair.indexOf('=')
      jar.set(pair.slice(0, at), pair.slice(at + 1))
    }
    this.#cookies.set(url.host, jar)
    return { status: response.statusCode, location: response.headers.location?.toString(), text: await response.body.text() }
  }
}

export interface Page {
  readonly url: URL
  /** 0: the address was not fetched, see `stopAt`. */
  readonly status: number
  readonly text: string
  readonly forms: readonly Form[]
}

export interface Form {
  readonly action: string
  readonly hidden: Readonly<Record<string, string>>
}

function formsOf(html: string): Form[] {
  return [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)].map(([, attributes = '', inside = '']) => ({
    action: unescapeHtml(attributeOf(attributes, 'action') ?? ''),
    hidden: Object.fromEntries(
      [...inside.matchAll(/<input\b([^>]*)>/gi)]
        .filter(([, input = '']) => attributeOf(input, 'type') === 'hidden')
        .map(([, input = '']) => [attributeOf(input, 'name') ?? '', unescapeHtml(attributeOf(input, 'value') ?? '')]),
    ),
  }))
}

function attributeOf(attributes: string, name: string): string | undefined {
  return new RegExp(`\\b${name}="([^"]*)"`, 'i').exec(attributes)?.[1]
}

function unescapeHtml(text: string): string {
  return text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
}

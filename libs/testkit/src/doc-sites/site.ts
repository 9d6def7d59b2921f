import type { IncomingMessage, ServerResponse } from 'node:http'

/** A provider's documentation and API as they stand on the net, for research to read and for credentials to be tried on. */
export interface DocSite {
  /** Hosts with what answers there; `*.` takes every name below. */
  readonly hosts: Readonly<Record<string, Answerer>>
}

export type Answerer = (request: IncomingMessage, response: ServerResponse) => void

/** Path → body. HTML unless the body is JSON or YAML, or plain text by its path. */
export type Pages = Readonly<Record<string, string | object>>

/** Answers pages by path, and 404 for everything else. */
export function pagesAt(pages: Pages): Answerer {
  return (request, response) => {
    const path = new URL(request.url ?? '/', 'https://x').pathname
    const page = Object.hasOwn(pages, path) ? pages[path] : undefined
    if (page === undefined) return end(response, 404, 'text/plain', 'Not found')
    if (typeof page === 'object') return end(response, 200, 'application/json', JSON.stringify(page))
    end(response, 200, /\.(?:txt|md|ya?ml)$/.test(path) ? 'text/plain; charset=utf-8' : 'text/html; charset=utf-8', page)
  }
}

export function end(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type }).end(body)
}

/** How the API behaves at the moment; a test changes it. */
export interface ApiMood {
  /** What its answers say of every call, whatever the key: undefined lets the key decide. */
  status?: number | undefined
  /** The one key that it takes. */
  readonly key: string
}

/** An API that answers an account at `path` to whoever sends its key, 401 to everybody else, 404 elsewhere. */
export function apiAt(mood: ApiMood, path: string, keyOf: (request: IncomingMessage, url: URL) => string | undefined): Answerer {
  return (request, response) => {
    const url = new URL(request.url ?? '/', 'https://x')
    const json = (status: number, body: object): void => end(response, status, 'application/json', JSON.stringify(body))
    if (mood.status !== undefined) return json(mood.status, { error: 'mood' })
    if (url.pathname !== path) return json(404, { error: 'not_found' })
    if (keyOf(request, url) !== mood.key) return json(401, { error: 'unauthorized' })
    json(200, { id: 'acct_7', name: 'Ann at Wire', email: 'ann@wire.example' })
  }
}

/** A page with the navigation, footer and scripts that real documentation has around its text. */
export function docPage(title: string, body: string, nav: Readonly<Record<string, string>> = {}): string {
  const links = Object.entries(nav).map(([text, href]) => `<li><a href="${href}">${text}</a></li>`)
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<script>window.dataLayer = window.dataLayer || []; var key = "Authorization: Bearer not-a-sample";</script>
<style>.api-key::after { content: "X-Style-Key: nothing" }</style></head>
<body><header><nav><ul>${links.join('')}<li><a href="/pricing">Pricing</a></li><li><a href="/login">Log in</a></li></ul></nav></header>
<main>${body}</main><footer><a href="/terms">Terms</a> <a href="/privacy">Privacy</a></footer></body></html>`
}

export function sample(text: string): string {
  return `<pre><code>${text.replace(/&/g, '&amp;').replace(/</g, '&lt;')}</code></pre>`
}

export const bearerOf = (request: IncomingMessage): string | undefined => /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]

export function basicOf(request: IncomingMessage): string | undefined {
  const pair = /^Basic (.+)$/.exec(request.headers.authorization ?? '')?.[1]
  return pair === undefined ? undefined : Buffer.from(pair, 'base64').toString('utf8')
}

import { readHtml } from './html-events.ts'
import type { Page } from './reader.ts'

/** A piece of a page that a person can read, in the order of the page. */
export interface Block {
  readonly kind: 'heading' | 'text' | 'code'
  readonly text: string
}

export interface Link {
  readonly url: string
  readonly text: string
}

/** What a page says to a person who reads it; what is hidden from people is not here. */
export interface ReadablePage {
  readonly url: string
  readonly title: string
  readonly description: string
  readonly siteName: string
  readonly blocks: readonly Block[]
  readonly links: readonly Link[]
  /** Frames whose pages belong to this one, and the page to which it sends its readers. */
  readonly frames: readonly string[]
  /** OpenAPI documents that the page names, by link or in the options of a viewer. */
  readonly apiDocuments: readonly string[]
}

/** More blocks than a person reads; what is longer is a data dump. */
const MAX_BLOCKS = 5_000
const MAX_LINKS = 2_000
const MAX_BLOCK_LENGTH = 20_000

const HEADINGS: ReadonlySet<string> = new Set(['h1', 'h2', 'h3', 'h4', 'h5', 'h6'])
const BREAKS: ReadonlySet<string> = new Set([
  ...['p', 'div', 'li', 'td', 'th', 'tr', 'dt', 'dd', 'section', 'article', 'br', 'hr', 'ul', 'ol', 'table', 'blockquote', 'main', 'nav'],
  ...['header', 'footer', 'aside', 'summary', 'details', 'figcaption', 'form', 'label', 'option', 'button'],
])
/** Elements whose content is no text for people. */
const UNREAD: ReadonlySet<string> = new Set(['script', 'style', 'template', 'noscript', 'iframe', 'svg', 'select', 'textarea', 'object'])
const VOID: ReadonlySet<string> = new Set([
  ...['area', 'base', 'br', 'col', 'embed', 'hr', 'img', 'input', 'link', 'meta', 'param', 'source', 'track', 'wbr', 'frame'],
])
/** Their end tag may be left out. */
const ENDS_ITSELF: ReadonlySet<string> = new Set(['p', 'li', 'dt', 'dd', 'td', 'th', 'tr', 'option'])
const HIDING =
  /(?:display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])|opacity\s*:\s*0(?![.\d])|text-indent\s*:\s*-\d{3,})/i
/** `url: "openapi.json"`, as viewers of OpenAPI documents are told. */
const VIEWER_OPTION = /(?:\burl|spec-?url)["']?\s*[:=]\s*["']([^"'\s]{1,500}\.(?:json|ya?ml)(?:\?[^"'\s]{0,200})?)["']/gi

/** Reads HTML, Markdown and plain text. Works along the text without a tree: neither depth nor length can hurt it. */
export function readablePage(page: Page): ReadablePage {
  const type = (page.headers.get('content-type') ?? '').toLowerCase()
  const isHtml =
    type.includes('html') || (!/json|yaml|markdown|text\/plain/.test(type) && /<(?:html|body|head|div|p|frameset)\b/i.test(page.text))
  if (isHtml) return new PageBuilder(page).built()
  if (/json|yaml/.test(type)) return { ...empty(page.url), apiDocuments: [] }
  return markdownPage(page)
}

function empty(url: string): ReadablePage {
  return { url, title: '', description: '', siteName: '', blocks: [], links: [], frames: [], apiDocuments: [] }
}

class PageBuilder {
  readonly #page: Page
  #base: string
  readonly #blocks: Block[] = []
  readonly #links: Link[] = []
  readonly #frames: string[] = []
  readonly #apiDocuments = new Set<string>()
  readonly #meta = { title: '', description: '', siteName: '' }
  #text = ''
  #kind: Block['kind'] = 'text'
  /** The outermost element that hides what is in it, and how many of its name are open within. */
  #hidden: { readonly name: string; open: number } | undefined
  #pre = 0
  #inTitle = false
  #link: { url: string; from: number } | undefined

  constructor(page: Page) {
    this.#page = page
    this.#base = page.url
  }

  built(): ReadablePage {
    readHtml(this.#page.text, {
      open: (name, attributes) => this.#open(name, attributes),
      close: (name) => this.#close(name),
      text: (text) => this.#take(text),
    })
    this.#flush('text')
    return {
      url: this.#page.url,
      ...this.#meta,
      blocks: this.#blocks,
      links: this.#links,
      frames: this.#frames,
      apiDocuments: [...this.#apiDocuments],
    }
  }

  #open(name: string, attributes: Readonly<Record<string, string>>): void {
    this.#note(name, attributes)
    if (this.#hidden !== undefined) {
      // The next one of its kind ends it.
      if (name === this.#hidden.name && !ENDS_ITSELF.has(name)) this.#hidden.open++
      else if (name !== this.#hidden.name) return
      if (!ENDS_ITSELF.has(name) || hides(name, attributes)) return
      this.#hidden = undefined
    } else if (hides(name, attributes)) {
      if (!VOID.has(name)) this.#hidden = { name, open: 1 }
      return
    }
    if (name === 'title') this.#inTitle = true
    if (name === 'pre') {
      if (this.#pre++ === 0) this.#flush('code')
    } else if (HEADINGS.has(name)) this.#flush('heading')
    else if (BREAKS.has(name)) this.#breakLine()
    if (name === 'a') this.#link = { url: attributes.href ?? '', from: this.#text.length }
  }

  /** What is said to programs, not people: addresses and names, hidden or not. */
  #note(name: string, attributes: Readonly<Record<string, string>>): void {
    const { rel = '', href = '', src = '', content = '' } = attributes
    if (name === 'base' && href !== '') this.#base = URL.parse(href, this.#page.url)?.href ?? this.#base
    if ((name === 'iframe' || name === 'frame') && src !== '') this.#address(src, (url) => this.#frames.push(url))
    // A page that is only the way to another one.
    const refresh = /^refresh$/i.test(attributes['http-equiv'] ?? '') ? /url\s*=\s*["']?([^"'\s]{1,2000})/i.exec(content)?.[1] : undefined
    if (name === 'meta' && refresh !== undefined) this.#address(refresh, (url) => this.#frames.push(url))
    if (/\bservice-desc\b/i.test(rel)) this.#address(href, (url) => this.#apiDocuments.add(url))
    const viewed = attributes['spec-url'] ?? attributes['data-url']
    if (viewed !== undefined && /\.(json|ya?ml)/i.test(viewed)) this.#address(viewed, (url) => this.#apiDocuments.add(url))
    const called = (attributes.name ?? attributes.property ?? '').toLowerCase()
    if (name === 'meta' && (called === 'description' || called === 'og:description')) this.#meta.description ||= tidy(content).slice(0, 500)
    if (name === 'meta' && called === 'og:site_name') this.#meta.siteName ||= tidy(content).slice(0, 100)
  }

  #take(text: string): void {
    if (this.#hidden?.name === 'script') {
      for (const match of text.matchAll(VIEWER_OPTION)) this.#address(match[1] ?? '', (url) => this.#apiDocuments.add(url))
      return
    }
    if (this.#hidden !== undefined) return
    if (this.#inTitle) this.#meta.title = tidy(`${this.#meta.title}${text}`).slice(0, 200)
    else if (this.#text.length < MAX_BLOCK_LENGTH) this.#text += text
  }

  #close(name: string): void {
    if (this.#hidden !== undefined) {
      if (name === this.#hidden.name && --this.#hidden.open === 0) this.#hidden = undefined
      return
    }
    if (name === 'title') this.#inTitle = false
    if (name === 'a') this.#endLink()
    if (name === 'pre') {
      if (this.#pre > 0 && --this.#pre === 0) this.#flush('text')
    } else if (HEADINGS.has(name)) this.#flush('text')
    else if (BREAKS.has(name)) this.#breakLine()
  }

  #endLink(): void {
    const { url, from } = this.#link ?? { url: '', from: 0 }
    this.#link = undefined
    const text = tidy(this.#text.slice(Math.min(from, this.#text.length))).slice(0, 200)
    if (this.#links.length < MAX_LINKS) this.#address(url, (absolute) => this.#links.push({ url: absolute, text }))
    if (/(?:openapi|swagger|api-docs)[^/]*\.(?:json|ya?ml)(?:$|\?)/i.test(url)) this.#address(url, (u) => this.#apiDocuments.add(u))
  }

  #breakLine(): void {
    if (this.#pre > 0) this.#text += '\n'
    else this.#flush('text')
  }

  /** Ends the block; what comes next is of `kind`. */
  #flush(kind: Block['kind']): void {
    const text = this.#kind === 'code' ? this.#text.trim() : tidy(this.#text)
    if (text !== '' && this.#blocks.length < MAX_BLOCKS) this.#blocks.push({ kind: this.#kind, text })
    this.#text = ''
    this.#kind = kind
    if (this.#link !== undefined) this.#link.from = 0
  }

  #address(href: string, take: (url: string) => void): void {
    const url = href === '' ? null : URL.parse(href, this.#base)
    if (url === null || !/^https?:$/.test(url.protocol)) return
    url.hash = ''
    take(url.href)
  }
}

function hides(name: string, attributes: Readonly<Record<string, string>>): boolean {
  if (UNREAD.has(name)) return true
  return 'hidden' in attributes || attributes['aria-hidden'] === 'true' || HIDING.test(attributes.style ?? '')
}

function tidy(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}

/** Markdown (`llms.txt`, `.md` pages) and plain text: fences are samples, `[text](address)` are links. */
function markdownPage(page: Page): ReadablePage {
  const blocks: Block[] = []
  const links: Link[] = []
  for (const [i, piece] of page.text.split(/^```.*$/m).entries()) {
    if (i % 2 === 1) {
      blocks.push({ kind: 'code', text: piece.trim().slice(0, MAX_BLOCK_LENGTH) })
      continue
    }
    for (const line of piece.split('\n').slice(0, MAX_BLOCKS)) {
      const heading = /^#{1,6}\s+(.*)/.exec(line)?.[1]
      for (const [, text = '', href = ''] of line.matchAll(/\[([^\]]{0,200})\]\(([^)\s]{1,2000})\)/g)) {
        const url = URL.parse(href, page.url)
        if (url !== null && /^https?:$/.test(url.protocol) && links.length < MAX_LINKS) links.push({ url: url.href, text })
      }
      const text = tidy((heading ?? line).replace(/\[([^\]]{0,200})\]\([^)\s]{1,2000}\)/g, '$1'))
      if (text !== '') blocks.push({ kind: heading === undefined ? 'text' : 'heading', text: text.slice(0, MAX_BLOCK_LENGTH) })
    }
  }
  return {
    ...empty(page.url),
    title: blocks.find(({ kind }) => kind === 'heading')?.text ?? '',
    blocks: blocks.slice(0, MAX_BLOCKS),
    links,
  }
}

import { Marked, type Tokens } from 'marked'
import { addressOf, linkTarget } from './addresses.ts'

/** A heading of a page, for its own contents. */
export interface PageHeading {
  readonly anchor: string
  readonly text: string
}

export interface RenderedPage {
  readonly html: string
  /** Of the second level. */
  readonly headings: readonly PageHeading[]
}

/** Pages, headings, and what is served: no link of a page runs anything. */
const LINKED = /^(https?:\/\/|#|[a-z-]+\.md(#|$))/

/** HTML of a page of ours. HTML in the Markdown is shown as text, and comments are dropped: nothing of a page becomes markup unasked. */
export function renderMarkdown(markdown: string): RenderedPage {
  const headings: PageHeading[] = []
  const anchors = new Map<string, number>()
  const anchorOf = (text: string): string => {
    const plain = anchorFor(text)
    const before = anchors.get(plain) ?? 0
    anchors.set(plain, before + 1)
    return before === 0 ? plain : `${plain}-${before}`
  }
  const marked = new Marked({ gfm: true, async: false })
  marked.use({
    // An address that merely stands in a sentence is an example, and no link.
    tokenizer: { url: () => undefined },
    renderer: {
      heading({ tokens, depth, text }: Tokens.Heading): string {
        const anchor = anchorOf(text)
        if (depth === 2) headings.push({ anchor, text: text.replaceAll('`', '') })
        return `<h${depth} id="${escaped(anchor)}">${this.parser.parseInline(tokens)}</h${depth}>\n`
      },
      link({ href, tokens }: Tokens.Link): string {
        const text = this.parser.parseInline(tokens)
        return LINKED.test(href) ? `<a href="${escaped(linkTarget(href, addressOf))}">${text}</a>` : text
      },
      code({ text, lang }: Tokens.Code): string {
        const language = lang === undefined || lang === '' ? '' : ` data-language="${escaped(lang)}"`
        return `<pre tabindex="0"${language}><code>${escaped(text)}</code></pre>\n`
      },
      html: ({ text }: Tokens.HTML | Tokens.Tag): string => (text.startsWith('<!--') ? '' : escaped(text)),
    },
  })
  const html = String(marked.parse(markdown))
  // A table that is wider than a phone moves inside its frame.
  const framed = html.replaceAll('<table>', '<div class="table" tabindex="0"><table>').replaceAll('</table>', '</table></div>')
  return { html: framed, headings }
}

/** As source forges make them, so that a link to a heading works there too. */
export function anchorFor(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-')
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

import { addressOf, linkTarget, markdownAddressOf } from './addresses.ts'
import { type Docs, type DocsPage, pagesOf } from './read-docs.ts'

/** What programs read: `base` is the address of the listener, since their links are followed from anywhere. */
export interface Placed {
  readonly docs: Docs
  readonly base: string
}

/** An index of the pages in the form of llmstxt.org: what it is, and each page with what it answers. */
export function llmsTxt({ docs, base }: Placed): string {
  const { title, summary } = docs.index
  const sections = docs.sections.map(({ heading, pages }) => `## ${heading}\n\n${pages.map((page) => entryOf(page, base)).join('\n')}\n`)
  return [`# ${title}\n`, `> ${summary}\n`, entryOf(docs.index, base).concat('\n'), ...sections].join('\n')
}

function entryOf({ slug, title, summary }: DocsPage, base: string): string {
  return `- [${title}](${base}${markdownAddressOf(slug)}): ${summary}`
}

/** Every page in one text, each under its address. */
export function llmsFull({ docs, base }: Placed): string {
  const absolute = (markdown: string): string =>
    markdown.replace(/\]\(([^)\s]+)\)/g, (_, href: string) => `](${linkTarget(href, (slug) => `${base}${markdownAddressOf(slug)}`)})`)
  return pagesOf(docs)
    .map(({ slug, markdown }) => `Source: ${base}${addressOf(slug)}\n\n${absolute(markdown).trim()}\n`)
    .join('\n---\n\n')
}

/** sitemaps.org, version 0.9. */
export function sitemap({ docs, base }: Placed): string {
  const urls = pagesOf(docs).map(({ slug }) => `  <url><loc>${escaped(`${base}${addressOf(slug)}`)}</loc></url>`)
  const space = 'http://www.sitemaps.org/schemas/sitemap/0.9'
  return ['<?xml version="1.0" encoding="UTF-8"?>', `<urlset xmlns="${space}">`, ...urls, '</urlset>', ''].join('\n')
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

/** Where the documentation is served. */
export const DOCS = '/docs'

/** The page of a file; the index has none of its own. */
export function addressOf(slug: string): string {
  return slug === 'index' ? DOCS : `${DOCS}/${slug}`
}

export function markdownAddressOf(slug: string): string {
  return `${DOCS}/${slug}.md`
}

const PAGE_LINK = /^([a-z-]+)\.md(#.*)?$/

/** Where a link of a page leads. Files name each other as files, so that the folder can be read as it lies in the repository. */
export function linkTarget(href: string, to: (slug: string) => string): string {
  const [, slug, anchor = ''] = PAGE_LINK.exec(href) ?? []
  return slug === undefined ? href : `${to(slug)}${anchor}`
}

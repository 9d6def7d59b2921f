import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The user documentation of the repository, a file per page. */
const FOLDER = fileURLToPath(new URL('../../../../docs/', import.meta.url))
const INDEX = 'index'

/** A page, by the name of its file without the ending. */
export interface DocsPage {
  readonly slug: string
  readonly title: string
  /** What the table of contents says of it; of the index, its first paragraph. */
  readonly summary: string
  readonly markdown: string
}

export interface DocsSection {
  readonly heading: string
  readonly pages: readonly DocsPage[]
}

export interface Docs {
  readonly index: DocsPage
  /** As `index.md` lists them. */
  readonly sections: readonly DocsSection[]
}

/** Reads every page once. Throws TypeError where `index.md` lists a page that is not there, or leaves one out. */
export function readDocs(folder: string = FOLDER): Docs {
  const names = readdirSync(folder).filter((name) => name.endsWith('.md'))
  const files = new Map(names.map((name) => [name.slice(0, -'.md'.length), readFileSync(`${folder}/${name}`, 'utf8')]))
  const index = pageOf(files, { slug: INDEX, summary: '' })
  const sections = sectionsOf(index.markdown, files)
  const listed = sections.flatMap(({ pages }) => pages.map(({ slug }) => slug))
  const forgotten = [...files.keys()].filter((slug) => slug !== INDEX && !listed.includes(slug))
  if (forgotten.length > 0) throw new TypeError(`docs/index.md does not list ${forgotten.join(', ')}`)
  return { index: { ...index, summary: firstParagraph(index.markdown) }, sections }
}

export function pagesOf({ index, sections }: Docs): readonly DocsPage[] {
  return [index, ...sections.flatMap(({ pages }) => pages)]
}

const HEADING = /^## (.+)$/
const ENTRY = /^- \[([^\]]+)\]\(([a-z-]+)\.md\): (.+)$/

function sectionsOf(markdown: string, files: ReadonlyMap<string, string>): readonly DocsSection[] {
  const sections: { heading: string; pages: DocsPage[] }[] = []
  for (const line of markdown.split('\n')) {
    const heading = HEADING.exec(line)?.[1]
    if (heading !== undefined) sections.push({ heading, pages: [] })
    const [, , slug, summary] = ENTRY.exec(line) ?? []
    if (slug !== undefined && summary !== undefined) sections.at(-1)?.pages.push(pageOf(files, { slug, summary }))
  }
  return sections
}

function pageOf(files: ReadonlyMap<string, string>, { slug, summary }: { slug: string; summary: string }): DocsPage {
  const markdown = files.get(slug)
  if (markdown === undefined) throw new TypeError(`docs/index.md lists ${slug}.md, which is not there`)
  const title = /^# (.+)$/m.exec(markdown)?.[1]
  if (title === undefined) throw new TypeError(`docs/${slug}.md has no title`)
  return { slug, title, summary, markdown }
}

function firstParagraph(markdown: string): string {
  const blocks = markdown.split('\n\n').filter((block) => !block.startsWith('#'))
  return (blocks[0] ?? '').replaceAll('\n', ' ').trim()
}

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT: string = fileURLToPath(new URL('../../', import.meta.url))
const DOCS = join(ROOT, 'docs')

/** Languages of blocks: those that a reader can run are run, and JSON is checked; the others show something. */
export const RUNS = ['bash', 'ts', 'json'] as const
export const SHOWS = ['text', 'html', 'js'] as const

export interface CodeBlock {
  readonly language: string
  readonly text: string
}

/** The code blocks of a Markdown text, in their order. */
export function codeBlocks(markdown: string): readonly CodeBlock[] {
  return [...markdown.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({ language, text }))
}

/** The files of the documentation, by name. */
export function docsFiles(): readonly { readonly name: string; readonly markdown: string }[] {
  const names = readdirSync(DOCS).filter((name) => name.endsWith('.md'))
  return names.sort().map((name) => ({ name, markdown: readFileSync(join(DOCS, name), 'utf8') }))
}

/** Puts a generated text between the two marks of a page. Throws TypeError where they are not there. */
export function between(markdown: string, { mark, text }: { readonly mark: string; readonly text: string }): string {
  const [begin, end] = [`<!-- ${mark} -->\n`, '<!-- end of the table -->']
  const [before, rest] = markdown.split(begin)
  const after = rest?.split(end)[1]
  if (before === undefined || after === undefined) throw new TypeError(`no place for the ${mark}`)
  return `${before}${begin}${text}${end}${after}`
}

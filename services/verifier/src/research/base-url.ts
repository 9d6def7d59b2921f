import { templateOf } from './placeholders.ts'
import type { Block } from './readable-page.ts'

/** `Base URL: https://…`, in the languages that documentation is mostly written in. */
const STATED =
  /(?:base[- ]?(?:url|uri|address)|api (?:endpoint|root|host|url)|root url|all (?:api )?(?:requests|calls) (?:are|go|must be)|basis-?(?:url|adresse)|url (?:de )?base|url-base|ベースURL|基础(?:URL|地址)|base_url)/i
const ADDRESS = /https?:\/\/(?:<[\w -]{1,40}>|\{[\w -]{1,40}\}|[^\s"'`\\|)<>,])*/i

/** The addresses that a page calls the base of its API: on the line that says so, or in the sample after it. */
export function statedBaseUrls(blocks: readonly Block[]): readonly string[] {
  return blocks.flatMap((block, i) => {
    if (!STATED.test(block.text) || block.text.length > 1_000) return []
    const next = blocks[i + 1]
    const near =
      ADDRESS.exec(block.text.slice(STATED.exec(block.text)?.index)) ??
      (next === undefined || block.kind === 'code' ? null : ADDRESS.exec(next.text.slice(0, 300)))
    const read = near === null ? undefined : templateOf(near[0].replace(/[.,;:]+$/, ''))
    return read === undefined ? [] : [read.template.replace(/\/+$/, '')]
  })
}

/** What of a sample's path is the API's own: up to its version, or `/api`. */
export function basePathOf(path: string): string {
  const segments = path.split('/').slice(1)
  const version = segments.findIndex((segment) => /^v\d+(?:\.\d+)*(?:beta\d*)?$|^\d+\.\d+$|^\d{4}-\d{2}(?:-\d{2})?$/i.test(segment))
  if (version >= 0 && version < 4) return `/${segments.slice(0, version + 1).join('/')}`
  return /^(?:api|rest)$/i.test(segments[0] ?? '') && segments.length > 1 ? `/${segments[0]}` : ''
}

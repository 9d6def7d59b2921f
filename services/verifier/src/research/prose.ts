import type { Scheme } from './findings.ts'
import type { Block } from './readable-page.ts'

const WITHDRAWN = /deprecat|no longer|do not|don['’]t|never|legacy|obsolete|not support|veraltet|nicht mehr|instead of/i

/** A sentence with an address of somebody else is about him. */
const ADDRESS = /https?:\/\/[^\s"'`|)<>,]+/g

/** What a sentence says of the wire, without a sample: the weakest evidence. Header and parameter names read alike in all languages. */
const SAYINGS: readonly { readonly pattern: RegExp; readonly scheme: (match: RegExpExecArray) => Scheme }[] = [
  { pattern: /authorization\b.{0,40}\bbearer\b|\bbearer[- ](?:token|auth)/i, scheme: () => ({ kind: 'bearer' }) },
  {
    pattern: /\b(X-[A-Za-z-]*(?:Key|Token|Auth|Secret)[A-Za-z-]*)\b/,
    scheme: (m) => ({ kind: 'headers', headers: [{ name: m[1] ?? '' }] }),
  },
  {
    pattern:
      /(?:query (?:string )?param\w*|url param\w*|query-parameter|parámetro|paramètre|パラメータ|参数)\W{0,30}[`"'“]?(api_?key|apikey|access_?token|token|key|appid)\b/i,
    scheme: (m) => ({ kind: 'query', name: m[1] ?? '' }),
  },
  {
    pattern: /\b(?:http )?basic auth(?:entication)?\b/i,
    scheme: () => ({ kind: 'basic', username: { holds: 'user' }, password: { holds: 'password' } }),
  },
]

/** Ways to authenticate that a page names in its sentences: for pages about authentication, since others mention too much. */
export function proseSchemes({ blocks }: { readonly blocks: readonly Block[] }, isOwn: (url: string) => boolean): readonly Scheme[] {
  const found = new Map<string, Scheme>()
  for (const { text, kind } of blocks) {
    if (kind === 'code') continue
    for (const sentence of text.slice(0, 5_000).split(/(?<=[.!?。])\s+/)) {
      if (WITHDRAWN.test(sentence) || (sentence.match(ADDRESS) ?? []).some((url) => !isOwn(url))) continue
      for (const { pattern, scheme } of SAYINGS) {
        const match = pattern.exec(sentence)
        if (match !== null) found.set(JSON.stringify(scheme(match)), scheme(match))
      }
    }
  }
  return [...found.values()]
}

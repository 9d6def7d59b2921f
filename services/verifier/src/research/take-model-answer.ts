import { isLabel } from './click-path.ts'
import { type Findings, type Scheme, type Seen, WEIGHT } from './findings.ts'
import { templateOf, withoutFields } from './placeholders.ts'
import { probeRank } from './probe-rank.ts'
import { isObject, type Json, memberOf, textIn, textsIn } from './read-document.ts'
import type { ReadablePage } from './readable-page.ts'

/** What the pages really showed: nothing that a model says beyond it is taken. */
export interface SeenText {
  readonly pages: readonly ReadablePage[]
  /** The provider's own, or named by its own metadata. */
  readonly isOwn: (url: string) => boolean
}

/**
 * Takes from a model's answer what holds: every value must stand on a page that was read, every address must be the
 * provider's. It only adds evidence of the lowest weight, so it fills gaps and settles nothing that a document said.
 * False when the answer was not usable.
 */
export function takeModelAnswer(answer: string, seen: SeenText, findings: Findings): boolean {
  const said = objectIn(answer)
  if (said === undefined) return false
  const shown = shownIn(seen)
  const number = memberOf(said, 'page')
  const where = (seen.pages[typeof number === 'number' ? number : 0] ?? seen.pages[0])?.url
  if (where === undefined) return false
  const note = <T>(value: T): Seen<T> => ({ value, url: where, source: 'model', weight: WEIGHT.guess })
  const own = (member: string): string | undefined => shown.ownUrl(textIn(said, member))
  const before = sizeOf(findings)
  const base = own('base_url')
  if (base !== undefined) findings.baseUrls.push(note(base.replace(/\/+$/, '')))
  const verify = own('verify_url')
  if (verify !== undefined && probeRank(new URL(withoutFields(verify)).pathname) !== undefined && !/[?{}]/.test(verify))
    findings.probes.push(note(verify))
  const scheme = schemeOf(said, shown)
  if (scheme !== undefined) findings.schemes.push(note(scheme))
  const labels = textsIn(said, 'click_path').filter((label) => isLabel(label) && shown.text(label))
  const button = textIn(said, 'button')
  if (labels.length > 0 && labels.length === textsIn(said, 'click_path').length && labels.length <= 7) {
    const pressed = button !== undefined && isLabel(button) && shown.text(button) ? { button } : {}
    findings.clickPaths.push(note({ labels, ...pressed }))
  }
  return sizeOf(findings) > before
}

interface Shown {
  text(text: string | undefined): boolean
  /** The template of an address that stands on a page and is the provider's. */
  ownUrl(url: string | undefined): string | undefined
}

function shownIn({ pages, isOwn }: SeenText): Shown {
  const all = pages.map((page) => page.blocks.map((block) => block.text).join('\n')).join('\n')
  const lower = all.toLowerCase()
  const text = (wanted: string | undefined): boolean =>
    wanted !== undefined && wanted.trim() !== '' && lower.includes(wanted.trim().toLowerCase())
  return {
    text,
    ownUrl(url) {
      const read = url === undefined || !text(url.replace(/\/+$/, '')) ? undefined : templateOf(url)
      return read !== undefined && isOwn(withoutFields(read.template)) ? read.template : undefined
    },
  }
}

function schemeOf(said: Json, shown: Shown): Scheme | undefined {
  const header = textIn(said, 'header')
  const isHeader = header !== undefined && /^[A-Za-z][A-Za-z0-9-]{0,60}$/.test(header) && shown.text(header)
  const parameter = textIn(said, 'query_parameter')
  switch (textIn(said, 'auth')) {
    case 'bearer':
      return shown.text('bearer') ? { kind: 'bearer' } : undefined
    case 'header': {
      const prefix = textIn(said, 'prefix')
      if (!isHeader) return undefined
      return {
        kind: 'headers',
        headers: [{ name: header, ...(prefix !== undefined && prefix.length <= 30 && shown.text(prefix) ? { prefix } : {}) }],
      }
    }
    case 'query':
      return parameter !== undefined && /^[\w.-]{1,60}$/.test(parameter) && shown.text(parameter)
        ? { kind: 'query', name: parameter }
        : undefined
    case 'basic':
      return shown.text('basic') ? { kind: 'basic', username: { holds: 'user' }, password: { holds: 'password' } } : undefined
    case 'oauth': {
      const [authorizeUri, tokenUri] = [shown.ownUrl(textIn(said, 'authorize_url')), shown.ownUrl(textIn(said, 'token_url'))]
      return authorizeUri === undefined || tokenUri === undefined ? undefined : { kind: 'oauth', authorizeUri, tokenUri, scopes: [] }
    }
    default:
      return undefined
  }
}

/** The object of an answer, with or without a fence of Markdown around it. */
function objectIn(answer: string): Json | undefined {
  const text = /\{[\s\S]*\}/.exec(answer)?.[0]
  try {
    const value = JSON.parse(text ?? '') as Json
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function sizeOf({ baseUrls, probes, schemes, clickPaths }: Findings): number {
  return baseUrls.length + probes.length + schemes.length + clickPaths.length
}

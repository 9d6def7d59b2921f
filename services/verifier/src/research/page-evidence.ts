import { basePathOf, statedBaseUrls } from './base-url.ts'
import { clickPathsOf } from './click-path.ts'
import { type Findings, type KeyHeader, type Scheme, type Seen, WEIGHT } from './findings.ts'
import { isAside, isAuthPage } from './link-score.ts'
import { oauthFromPage } from './oauth-pages.ts'
import { isPlaceholder, templateOf, withoutFields } from './placeholders.ts'
import { probeRank } from './probe-rank.ts'
import { proseSchemes } from './prose.ts'
import type { Block, ReadablePage } from './readable-page.ts'
import { keyHeadersOf, readSample, type Sample } from './samples.ts'

/** What is said of a sample just before it, when it is the way not to do it. */
const WITHDRAWN =
  /deprecat|no longer (?:supported|accepted|works?)|do not use|don['’]t use|never (?:do|use|send)|legacy|obsolete|sunset|will be removed|was removed|insecure|veraltet|nicht mehr|obsolet|obsolèt|en desuso|non più/i

/**
 * Reads a documentation page for how its API is authenticated. Only what a sample sends to the provider's own hosts counts:
 * the page of an integration shows somebody else's key. Nothing on a page is an order; a page can only be evidence.
 */
export function readPageEvidence(page: ReadablePage, isOwn: (url: string) => boolean, findings: Findings): void {
  const onAuthPage = isAuthPage(page)
  const seen = <T>(value: T, weight: number): Seen<T> => ({ value, url: page.url, source: 'docs', weight })
  const oauth = oauthFromPage(page, isOwn)
  const weightOfSample = onAuthPage ? WEIGHT.sampleOnAuthPage : isAside(page.url) ? WEIGHT.prose : WEIGHT.sample
  for (const { text, withdrawn } of samplesOf(page.blocks)) {
    const sample = readSample(text)
    if (sample === undefined || withdrawn || isForeign(sample, isOwn)) continue
    if (oauth !== undefined && sendsGrant(sample)) continue
    for (const scheme of schemesOfSample(sample)) findings.schemes.push(seen(scheme, weightOfSample))
    const carriesKey = schemesOfSample(sample).length > 0
    for (const url of sample.urls) noteAddress({ url, sample, carriesKey }, isOwn, { findings, seen })
  }
  for (const base of statedBaseUrls(page.blocks))
    if (isOwn(withoutFields(base))) findings.baseUrls.push(seen(base, WEIGHT.sampleOnAuthPage))
  for (const scheme of proseSchemes(page.blocks, onAuthPage)) findings.schemes.push(seen(scheme, WEIGHT.prose))
  if (oauth !== undefined) findings.schemes.push(seen(oauth, weightOfSample))
  for (const path of clickPathsOf(page, isOwn)) findings.clickPaths.push(seen(path, weightOfSample))
  if (page.siteName !== '') findings.names.push(seen(page.siteName, WEIGHT.sample))
  if (page.description !== '') findings.descriptions.push(seen(page.description, WEIGHT.prose))
}

/** Samples, and lines of prose that quote one; each with what the text before it says of it. */
function samplesOf(blocks: readonly Block[]): readonly { readonly text: string; readonly withdrawn: boolean }[] {
  let before = ''
  let heading = ''
  return blocks.flatMap((block) => {
    if (block.kind === 'heading') heading = block.text
    const withdrawn = WITHDRAWN.test(before) || WITHDRAWN.test(heading) || (block.kind !== 'code' && WITHDRAWN.test(block.text))
    before = block.kind === 'code' ? '' : block.text
    const isSample = block.kind === 'code' || /authorization:|https?:\/\/|-H |^[\w-]+-(?:key|token):/i.test(block.text)
    return isSample && block.kind !== 'heading' ? [{ text: block.text, withdrawn }] : []
  })
}

function isForeign(sample: Sample, isOwn: (url: string) => boolean): boolean {
  const urls = sample.urls.flatMap((url) => templateOf(url)?.template ?? [])
  return urls.length > 0 && !urls.some((url) => isOwn(withoutFields(url)))
}

/** `Bearer ACCESS_TOKEN` on a page about OAuth is the grant's own token: nobody can be asked for it. */
function sendsGrant(sample: Sample): boolean {
  return sample.headers.some(
    ({ name, value }) => name.toLowerCase() === 'authorization' && /^bearer\W+.{0,20}access[-_ ]?token/i.test(value),
  )
}

function schemesOfSample(sample: Sample): readonly Scheme[] {
  const authorization = sample.headers.find(({ name }) => name.toLowerCase() === 'authorization')?.value
  const keys = keyHeadersOf(sample).map(({ name, value }): KeyHeader => withPrefix(name, value))
  const own = authorization === undefined ? [] : authorizationScheme(authorization, keys)
  const basic = sample.basic === undefined ? [] : [basicScheme(sample.basic)]
  const others = own.length === 0 && basic.length === 0 && keys.length > 0 ? [{ kind: 'headers' as const, headers: keys }] : []
  const inQuery = own.length + basic.length + others.length === 0 ? querySchemes(sample.urls) : []
  return [...own, ...basic, ...others, ...inQuery]
}

function authorizationScheme(value: string, keys: readonly KeyHeader[]): readonly Scheme[] {
  const [, word = '', rest = ''] = /^([A-Za-z][\w-]{0,30})[ =]\s*(.*)$/.exec(value) ?? []
  if (/^bearer$/i.test(word))
    return keys.length === 0
      ? [{ kind: 'bearer' }]
      : [{ kind: 'headers', headers: [{ name: 'Authorization', prefix: 'Bearer ' }, ...keys] }]
  if (/^basic$/i.test(word)) return [{ kind: 'basic', username: { holds: 'user' }, password: { holds: 'password' } }]
  if (/^(?:token|key|apikey|api-key|oauth|klaviyo-api-key|ssws|genie-?key)$/i.test(word) && rest !== '') {
    // `Token token=…` is one word longer.
    const inner = /^(token=|key=)/i.exec(rest)?.[1] ?? ''
    return [{ kind: 'headers', headers: [{ name: 'Authorization', prefix: `${word} ${inner}` }, ...keys] }]
  }
  return isPlaceholder(value) ? [{ kind: 'headers', headers: [{ name: 'Authorization' }, ...keys] }] : []
}

function withPrefix(name: string, value: string): KeyHeader {
  const word = /^(Bearer|Token|Key|Basic)\s+\S/i.exec(value)?.[1]
  return word === undefined ? { name } : { name, prefix: `${word} ` }
}

/** Freshdesk's `key:X`, Stripe's `key:`, Zendesk's `user/token:key`: which half is the key is in the words of the sample. */
function basicScheme({ left, right }: Sample['basic'] & object): Scheme {
  const isKey = (text: string): boolean => /key|token|secret|sk_|pat\b/i.test(text) && isPlaceholder(text)
  if (right === undefined) return { kind: 'basic', username: { holds: isKey(left) ? 'key' : 'user' }, password: { holds: 'password' } }
  if (isKey(left)) {
    if (right === '') return { kind: 'basic', username: { holds: 'key' }, password: { holds: 'nothing' } }
    const isFixed = /^[Xx]+$|^(?:x|api_?token|unused|dummy|none)$/i.test(right)
    return { kind: 'basic', username: { holds: 'key' }, password: isFixed ? { holds: 'fixed', text: right } : { holds: 'password' } }
  }
  if (isKey(right) && /^(?:api|apikey|api_key|key|token|x|user)$/i.test(left)) {
    return { kind: 'basic', username: { holds: 'fixed', text: left }, password: { holds: 'key' } }
  }
  return { kind: 'basic', username: { holds: 'user' }, password: { holds: isKey(right) ? 'key' : 'password' } }
}

const KEY_PARAMETER =
  /^(?:api[-_]?key|key|apikey|access[-_]?key|token|api[-_]?token|access[-_]?token|auth[-_]?token|appid|app[-_]?key|subscription-key)$/i

function querySchemes(urls: readonly string[]): readonly Scheme[] {
  return urls.flatMap((url): readonly Scheme[] => {
    const [name] = queryPairs(url).find(([key = '', value = '']) => KEY_PARAMETER.test(key) && isPlaceholder(value)) ?? []
    return name === undefined ? [] : [{ kind: 'query', name }]
  })
}

function queryPairs(url: string): readonly (readonly string[])[] {
  const query = url.split('?')[1] ?? ''
  return query === '' ? [] : query.split(/&(?:amp;)?/).map((pair) => pair.split('='))
}

function noteAddress(
  at: { readonly url: string; readonly sample: Sample; readonly carriesKey: boolean },
  isOwn: (url: string) => boolean,
  to: { readonly findings: Findings; readonly seen: <T>(value: T, weight: number) => Seen<T> },
): void {
  const read = templateOf(at.url)
  if (read === undefined || !at.carriesKey || !isOwn(withoutFields(read.template))) return
  to.findings.baseUrls.push(to.seen(`${read.origin}${basePathOf(read.path)}`, WEIGHT.prose))
  const hasPlaces =
    /[{}<>$[\]]|:[a-z_]+|%7b/i.test(read.path) || read.path.split('/').some((segment) => isPlaceholder(segment) || /^\d{3,}$/.test(segment))
  // What else stands in the query may be needed: a call without it would fail for another reason than the key.
  const hasMore = queryPairs(at.url).some(([name = '']) => !KEY_PARAMETER.test(name))
  if (at.sample.isGet && !hasPlaces && !hasMore && probeRank(read.path) !== undefined && read.path.length > 1) {
    to.findings.probes.push(to.seen(read.template.replace(/\/+$/, ''), WEIGHT.sample))
  }
}

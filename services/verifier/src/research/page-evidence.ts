import { basePathOf, statedBaseUrls } from './base-url.ts'
import { clickPathsOf } from './click-path.ts'
import { type Findings, type Scheme, type Seen, WEIGHT } from './findings.ts'
import { isAside, isAuthPage } from './link-score.ts'
import { machineFromPage, oauthFromPage } from './oauth-pages.ts'
import { isPlaceholder, templateOf, withoutFields } from './placeholders.ts'
import { probeRank } from './probe-rank.ts'
import { proseSchemes } from './prose.ts'
import type { ReadablePage } from './readable-page.ts'
import { isKeyParameter, queryPairs, schemesOfSample } from './sample-schemes.ts'
import { fixedHeadersOf, isKeyName, readSample, type Sample } from './samples.ts'
import { isWithdrawnPage, samplesOf, tellsOfWebhooks } from './surroundings.ts'

/**
 * Reads a documentation page for how its API is authenticated. Only what a sample sends to the provider's own hosts counts:
 * the page of an integration shows somebody else's key. Nothing on a page is an order; a page can only be evidence.
 */
export function readPageEvidence(page: ReadablePage, isOwn: (url: string) => boolean, findings: Findings): void {
  if (isWithdrawnPage(page) || tellsOfWebhooks(page)) return
  const onAuthPage = isAuthPage(page)
  const seen = <T>(value: T, weight: number): Seen<T> => ({ value, url: page.url, source: 'docs', weight })
  const grants = [oauthFromPage(page, isOwn), machineFromPage(page, isOwn)].filter((grant) => grant !== undefined)
  const weightOfSample = onAuthPage ? WEIGHT.sampleOnAuthPage : isAside(page.url) ? WEIGHT.prose : WEIGHT.sample
  for (const { text, withdrawn, ofOwnToken } of samplesOf(page.blocks)) {
    const sample = readSample(text)
    if (sample === undefined || withdrawn || isForeign(sample, isOwn)) continue
    const schemes = schemesOfSample(sample)
    const isOfGrant = grants.length > 0 && !ofOwnToken && (sendsGrant(sample) || fetchesAccess(text))
    if (!isOfGrant)
      for (const scheme of schemes)
        findings.schemes.push(seen(scheme, saysWhatItIs(scheme) ? weightOfSample : Math.min(weightOfSample, WEIGHT.sample)))
    if (fetchesAccess(text)) continue
    const carriesKey = schemes.length > 0
    if (carriesKey) for (const header of fixedHeadersOf(sample)) findings.fixedHeaders.push(seen(header, weightOfSample))
    for (const url of sample.urls) noteAddress({ url, sample, carriesKey }, isOwn, { findings, seen })
  }
  for (const base of statedBaseUrls(page.blocks))
    if (isOwn(withoutFields(base))) findings.baseUrls.push(seen(base, WEIGHT.sampleOnAuthPage))
  if (onAuthPage) for (const scheme of proseSchemes(page, isOwn)) findings.schemes.push(seen(scheme, WEIGHT.prose))
  for (const grant of grants) findings.schemes.push(seen(grant, weightOfSample))
  for (const path of clickPathsOf(page, isOwn)) findings.clickPaths.push(seen(path, weightOfSample))
  if (page.siteName !== '') findings.names.push(seen(page.siteName, WEIGHT.sample))
  if (page.description !== '') findings.descriptions.push(seen(page.description, WEIGHT.prose))
}

/** `X-Blue: {value}` may be a key or a wish; a header whose name says that it holds a key wins over it. */
function saysWhatItIs(scheme: Scheme): boolean {
  return scheme.kind !== 'headers' || scheme.headers.some(({ name }) => isKeyName(name) || /^authorization$/i.test(name))
}

function isForeign(sample: Sample, isOwn: (url: string) => boolean): boolean {
  const urls = sample.urls.flatMap((url) => templateOf(url)?.template ?? [])
  return urls.length > 0 && !urls.some((url) => isOwn(withoutFields(url)))
}

/** The request for a token itself: its client and its address are no key and no API. */
const fetchesAccess = (text: string): boolean => /grant_type["']?\s*[=:,]/i.test(text)

/** `Bearer ACCESS_TOKEN` on a page about OAuth is the grant's own token: nobody can be asked for it. */
function sendsGrant(sample: Sample): boolean {
  return sample.headers.some(
    ({ name, value }) =>
      name.toLowerCase() === 'authorization' &&
      /^bearer\W+(?:.{0,20}access[-_ ]?token|\W{0,3}(?:the[-_ ])?token\b|ey[\w.]|\.{3}|…)/i.test(value),
  )
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
  const hasMore = queryPairs(at.url).some(([name = '']) => !isKeyParameter(name))
  if (
    at.sample.isGet &&
    !hasPlaces &&
    !hasMore &&
    probeRank(read.path) !== undefined &&
    read.path.replace(/\/+$/, '') !== basePathOf(read.path)
  ) {
    to.findings.probes.push(to.seen(read.template.replace(/\/+$/, ''), WEIGHT.sample))
  }
}

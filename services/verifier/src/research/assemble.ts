import { type CodedError, isCoded } from '@credence/errors'
import { reviewProvider } from '@credence/provider'
import { type Confidence, confidenceOf, type Findings, ranked, type Scheme, type Seen, WEIGHT } from './findings.ts'
import { patternOf } from './pattern-of-scheme.ts'
import { withoutFields } from './placeholders.ts'
import { probeRank } from './probe-rank.ts'

/** One member of the payload and the page that said it. */
export interface Fact {
  /** JSON pointer into the payload. */
  readonly pointer: string
  readonly value: string
  readonly url: string
  readonly confidence: Confidence
}

/** Something that no source said. `required`: without it there is no payload. */
export interface Missing {
  readonly pointer: string
  readonly question: string
  readonly required: boolean
}

export interface Assembled {
  /** Passes `parseProvider`; absent while something required is missing. */
  readonly payload?: object
  readonly facts: readonly Fact[]
  readonly missing: readonly Missing[]
  /** The schemes of the payload's patterns, in their order. */
  readonly schemes: readonly Seen<Scheme>[]
}

export interface Subject {
  readonly name: string
  readonly docs: string
}

const MAX_PATTERNS = 3
/** Each round removes at least one member, so few are enough. */
const MAX_ROUNDS = 8

/** Weighs the findings and writes the payload that a careful person would write of them, with where each member comes from. */
export function assemble(findings: Findings, subject: Subject): Assembled {
  const schemes = chosenSchemes(findings)
  const [base] = ranked(findings.baseUrls)
  const missing: Missing[] = []
  if (schemes.length === 0) {
    const question = 'How does the API authenticate? Give the address of its page about authentication, or write the payload by hand.'
    missing.push({ pointer: '/auth_patterns', question, required: true })
  }
  if (base === undefined) {
    missing.push({
      pointer: '/proxy_url',
      question: 'What is the base address of the API, like https://api.example.com/v1?',
      required: true,
    })
  }
  if (base === undefined || schemes.length === 0) return { facts: factsWithout(schemes, base), missing, schemes: [] }
  return reviewed(draftOf({ findings, subject, schemes, base }), missing)
}

interface Draft {
  payload: { auth_patterns: Record<string, unknown>[]; description?: string; verify?: object; docs?: string }
  facts: Fact[]
  schemes: Seen<Scheme>[]
}

function draftOf(from: { findings: Findings; subject: Subject; schemes: readonly Seen<Scheme>[]; base: Seen<string> }): Draft {
  const { findings, subject, schemes, base } = from
  const facts: Fact[] = []
  const fact = (pointer: string, value: string, seen: Seen<unknown>): void => {
    facts.push({ pointer, value, url: seen.url, confidence: confidenceOf(seen) })
  }
  const fixed = fixedHeadersOf(findings)
  const patterns = schemes.map((seen, i): Record<string, unknown> => {
    const { pattern, said } = patternOf(seen.value, { base: base.value, name: subject.name })
    for (const [pointer, value] of said) fact(`/auth_patterns/${i}${pointer}`, value, seen)
    const own = pattern.headers === undefined ? [] : (pattern.headers as object[])
    fixed.forEach((seen, k) => {
      fact(`/auth_patterns/${i}/headers/${own.length + k}/value`, `${seen.value.name}: ${seen.value.value}`, seen)
    })
    return fixed.length === 0 ? pattern : { ...pattern, headers: [...own, ...fixed.map(({ value }) => value)] }
  })
  fact('/proxy_url', base.value, base)
  const verify = verifyOf(findings, base.value)
  if (verify !== undefined) fact('/verify', `GET ${verify.seen.value}`, verify.seen)
  const [description] = ranked(findings.descriptions).filter(({ value }) => isHarmless(value))
  if (description !== undefined) fact('/description', sentenceOf(description.value), description)
  const payload = {
    display_name: subject.name,
    ...(description === undefined ? {} : { description: sentenceOf(description.value) }),
    auth_patterns: patterns,
    proxy_url: base.value,
    proxy_enabled: true,
    ...(verify === undefined ? {} : { verify: verify.member }),
    docs: docsOf(schemes, subject),
  }
  return { payload, facts, schemes: [...schemes] }
}

/** One value for each name: the one that is said most, of those the newest. */
function fixedHeadersOf(findings: Findings): readonly Findings['fixedHeaders'][number][] {
  const best = new Map<string, Findings['fixedHeaders'][number]>()
  for (const seen of ranked(findings.fixedHeaders)) {
    const name = seen.value.name.toLowerCase()
    const before = best.get(name)
    const isNewer = before !== undefined && before.weight === seen.weight && seen.value.value > before.value.value
    if (before === undefined || isNewer) best.set(name, seen)
  }
  return [...best.values()].slice(0, 3)
}

/** The payload through the same review as a hand-written one: what it refuses is left out, or said to be missing. */
function reviewed(draft: Draft, missing: Missing[]): Assembled {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const refusal = refusalOf(draft.payload)
    if (refusal === undefined) {
      const { warnings } = reviewProvider(bytesOf(draft.payload), {})
      const unproven = warnings.filter(({ code }) => code === 'NO_VERIFY').map(({ pointer }): Missing => noVerify(pointer))
      return { payload: draft.payload, facts: draft.facts, missing: [...missing, ...unproven], schemes: draft.schemes }
    }
    if (!withdraw(draft, refusal)) break
  }
  const question =
    'What was found does not make a valid payload. Give the address of the API’s documentation, or write the payload by hand.'
  return { facts: draft.facts, missing: [...missing, { pointer: '', question, required: true }], schemes: [] }
}

function noVerify(pointer: string): Missing {
  return {
    pointer,
    question: 'Which GET without parameters can be called safely to try a key? Without one a wrong key shows at the first use.',
    required: false,
  }
}

function refusalOf(payload: object): CodedError | undefined {
  try {
    reviewProvider(bytesOf(payload), {})
    return undefined
  } catch (error) {
    if (isCoded(error)) return error
    throw error
  }
}

const bytesOf = (payload: object): Uint8Array => Buffer.from(JSON.stringify(payload))

const OPTIONAL = ['description', 'verify', 'docs'] as const
const OPTIONAL_OF_PATTERN = ['revoke', 'token'] as const

/** Takes out what the review refused, the least that helps. False when nothing helps. */
function withdraw(draft: Draft, refusal: CodedError): boolean {
  const pointers = (refusal.details.faults ?? []).map(({ pointer }) => pointer)
  let changed = false
  const refused = new Set<number>()
  for (const pointer of pointers) {
    const [, member = '', index = '', inner = ''] = pointer.split('/')
    const optional = OPTIONAL.find((name) => name === member)
    if (optional !== undefined && optional in draft.payload) {
      delete draft.payload[optional]
      draft.facts = draft.facts.filter((fact) => fact.pointer !== `/${member}`)
      changed = true
      continue
    }
    const pattern = member === 'auth_patterns' ? draft.payload.auth_patterns[Number(index)] : undefined
    if (pattern === undefined) continue
    if (OPTIONAL_OF_PATTERN.some((name) => name === inner) && inner in pattern) delete pattern[inner]
    else refused.add(Number(index))
    changed = true
  }
  if (refused.size > 0) dropPatterns(draft, refused)
  return changed && draft.payload.auth_patterns.length > 0
}

function dropPatterns(draft: Draft, refused: ReadonlySet<number>): void {
  const kept = draft.schemes.map((_, i) => i).filter((i) => !refused.has(i))
  const patterns = draft.payload.auth_patterns
  draft.payload.auth_patterns = patterns.filter((_, i) => !refused.has(i))
  draft.schemes = kept.flatMap((i) => draft.schemes[i] ?? [])
  draft.facts = draft.facts.flatMap((fact) => {
    const [, member, index = '', ...rest] = fact.pointer.split('/')
    if (member !== 'auth_patterns') return [fact]
    const to = kept.indexOf(Number(index))
    return to < 0 ? [] : [{ ...fact, pointer: ['', member, String(to), ...rest].join('/') }]
  })
}

/** The best of each kind; what only prose said counts only where nothing better is known. */
function chosenSchemes(findings: Findings): readonly Seen<Scheme>[] {
  const all = ranked(findings.schemes)
  const best = all[0]?.weight ?? 0
  const kinds = new Set<string>()
  const hasOAuth = all.some(({ value, weight }) => value.kind === 'oauth' && weight >= WEIGHT.sample)
  return all
    .filter(({ value, weight, source }) => {
      if (weight < WEIGHT.sample && (best >= WEIGHT.sample || kinds.size > 0)) return false
      // Where nobody says where to get a token, it is the one that the grant brings.
      if (value.kind === 'bearer' && hasOAuth && source === 'docs' && findings.clickPaths.length === 0) return false
      if (kinds.has(value.kind)) return false
      kinds.add(value.kind)
      return true
    })
    .slice(0, MAX_PATTERNS)
}

function verifyOf(findings: Findings, base: string): { member: object; seen: Seen<string> } | undefined {
  const host = hostOf(base)
  const usable = ranked(findings.probes).filter(({ value }) => hostOf(value) === host)
  const [seen] = [...usable].sort((a, b) => rankOf(b) - rankOf(a))
  if (seen === undefined) return undefined
  const member = seen.value.startsWith(`${base}/`) ? { path: seen.value.slice(base.length) } : { url: seen.value }
  return { member: { method: 'GET', ...member }, seen }
}

function rankOf({ value, weight }: Seen<string>): number {
  return (probeRank(new URL(withoutFields(value)).pathname) ?? 0) + weight
}

function hostOf(template: string): string {
  return /^https?:\/\/([^/]+)/.exec(template)?.[1] ?? ''
}

function docsOf(schemes: readonly Seen<Scheme>[], subject: Subject): string {
  return schemes.find(({ source }) => source === 'docs')?.url ?? subject.docs
}

/** Text of a page that people will read here: nothing in it may send them elsewhere or ask them for something. */
export function isHarmless(text: string): boolean {
  return !/https?:|www\.|@|password|secret|ignore (?:all|any|previous|the)|instruction|you must|system prompt/i.test(text)
}

function sentenceOf(text: string): string {
  const [first = ''] = text
    .replace(/[\u0000-\u001f\u007f]+/g, ' ')
    .replace(/[*_`#]/g, '')
    .trim()
    .split(/(?<=[.!?。])\s/)
  return first.slice(0, 300).trim() || 'An API'
}

function factsWithout(schemes: readonly Seen<Scheme>[], base: Seen<string> | undefined): readonly Fact[] {
  const of = (pointer: string, value: string, seen: Seen<unknown>): Fact => ({
    pointer,
    value,
    url: seen.url,
    confidence: confidenceOf(seen),
  })
  const said = schemes.flatMap((seen, i) => of(`/auth_patterns/${i}/type`, seen.value.kind, seen))
  return base === undefined ? said : [...said, of('/proxy_url', base.value, base)]
}

import type { AskModel } from './ask-model.ts'
import { type Assembled, assemble, isHarmless, type Missing } from './assemble.ts'
import { catalogueGuide } from './catalogue-guide.ts'
import { DocumentationWalk } from './documentation.ts'
import { type Findings, noFindings, ranked } from './findings.ts'
import { guideFor } from './guide.ts'
import { findIssuerMetadata } from './issuer-metadata.ts'
import { RESEARCH_LIMITS, type ResearchLimits } from './limits.ts'
import { brandOf, type ProviderDomain, providerDomainOf } from './provider-domain.ts'
import type { PublicFetch } from './public-fetch.ts'
import type { ReadablePage } from './readable-page.ts'
import { Reader } from './reader.ts'
import type { ResearchReport } from './report.ts'
import { type SearchSettings, startPointOf } from './start-point.ts'
import { takeModelAnswer } from './take-model-answer.ts'

/** What a research works with; the real fetch goes through egress. */
export interface ResearchPorts {
  readonly fetch: PublicFetch
  readonly monotonicMs: () => number
  readonly search?: SearchSettings | undefined
  readonly askModel?: AskModel | undefined
  readonly limits?: ResearchLimits
  /** Nothing more is read once it has aborted. */
  readonly signal?: AbortSignal
}

/**
 * Finds out from public documents how an API is authenticated. Reads, and changes nothing anywhere. A page can only be
 * evidence: nothing that stands on one is carried out.
 */
export async function research(text: string, ports: ResearchPorts): Promise<ResearchReport> {
  const start = await startPointOf(text, ports.search)
  if (start.at === 'catalogue') return { ...blank(), ...catalogueGuide(start), outcome: 'found', source: 'catalogue' }
  if (start.at === 'unknown') {
    const question = 'Which site is it? Give the address of the service or of its API documentation.'
    return {
      ...blank(),
      outcome: 'unknown',
      name: text.trim(),
      suggestions: start.suggestions,
      missing: [{ pointer: '', question, required: true }],
    }
  }
  return documented(start.address, ports)
}

async function documented(address: string, ports: ResearchPorts): Promise<ResearchReport> {
  const { fetch, monotonicMs, signal, limits = RESEARCH_LIMITS } = ports
  const domain = providerDomainOf(new URL(address).hostname)
  const reader = new Reader({ fetch, limits, domain, monotonicMs, ...(signal === undefined ? {} : { signal }) })
  const findings = noFindings()
  await findIssuerMetadata(reader, findings, address)
  const walk = new DocumentationWalk(reader, findings, limits)
  await walk.walk(address)
  const model = await improve({ ports, reader, pages: walk.pages, findings, domain })
  const name = nameOf(findings, walk.pages, domain)
  const found = assemble(findings, { name, docs: address })
  const assembled = reader.reachedNothing ? { ...found, missing: [unreachable(address), ...found.missing] } : found
  return { ...blank(), ...reportOf(assembled, { findings, name, address }), visits: reader.visits, model }
}

/** Told before what was not found: a question about its pages would lead away from a typing error, or from a network without a way out. */
function unreachable(address: string): Missing {
  const question = `Nothing at ${new URL(address).host} could be reached. Check the address and give it again, or write the payload by hand.`
  return { pointer: '', question, required: true }
}

function reportOf(
  assembled: Assembled,
  { findings, name, address }: { findings: Findings; name: string; address: string },
): Pick<ResearchReport, 'outcome' | 'name' | 'site' | 'facts' | 'missing' | 'steps'> & Partial<ResearchReport> {
  const { payload, facts, missing, schemes } = assembled
  const site = new URL(address).origin
  const [first] = schemes
  const base = { name, site, facts, missing }
  if (payload === undefined || first === undefined) return { ...base, outcome: 'incomplete', steps: [] }
  const [baseUrl] = ranked(findings.baseUrls)
  const places = [...(baseUrl?.value ?? '').matchAll(/\{\{(\w+)\}\}/g)].map(([, field = '']) => field)
  const registrationUri = schemes.flatMap(({ value }) => (value.kind === 'oauth' ? (value.registrationUri ?? []) : []))[0]
  return {
    ...base,
    outcome: 'found',
    payload: Buffer.from(JSON.stringify(payload, null, 2)),
    steps: guideFor(first, { name, site, findings, places }),
    ...(registrationUri === undefined ? {} : { registrationUri }),
  }
}

interface Improving {
  readonly ports: ResearchPorts
  readonly reader: Reader
  readonly pages: readonly ReadablePage[]
  readonly findings: Findings
  readonly domain: ProviderDomain
}

/** A model is asked only where rules and documents left something open. */
async function improve({ ports, reader, pages, findings, domain }: Improving): Promise<ResearchReport['model']> {
  const { schemes, baseUrls, probes, clickPaths } = findings
  const isWhole = schemes.length > 0 && baseUrls.length > 0 && probes.length > 0 && clickPaths.length > 0
  if (ports.askModel === undefined || isWhole || pages.length === 0) return 'none'
  const different = [...new Map(pages.map((page) => [JSON.stringify(page.blocks), page])).values()]
  const answer = await ports.askModel({ site: domain.name, pages: different })
  if (answer === undefined) return 'refused'
  return takeModelAnswer(answer, { pages: different, isOwn: (url) => reader.isOwn(url) }, findings) ? 'used' : 'refused'
}

const MAX_NAME_LENGTH = 60

/** What the provider calls itself, if that fits its domain; else the domain's own word. */
function nameOf(findings: Findings, pages: readonly ReadablePage[], domain: ProviderDomain): string {
  const brand = brandOf(domain)
  const titles = pages.flatMap(({ title }) => title.split(/\s[|–—·:-]\s/))
  const spoken = [...ranked(findings.names).map(({ value }) => value), ...titles]
  const letters = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
  const fitting = spoken
    .map((name) => name.replace(/\s+/g, ' ').trim())
    .find((name) => {
      const isShort = name !== '' && name.length <= MAX_NAME_LENGTH && isHarmless(name)
      return isShort && (letters(name).includes(letters(brand)) || letters(brand).includes(letters(name)))
    })
  return (
    fitting?.replace(/\s+(?:API|Docs|Documentation|Developers?)(?:\s+\w+)?$/i, '') ?? `${brand.slice(0, 1).toUpperCase()}${brand.slice(1)}`
  )
}

function blank(): ResearchReport {
  const nothing = { facts: [], missing: [], steps: [], suggestions: [], visits: [] }
  return { outcome: 'incomplete', source: 'documentation', name: '', site: '', ...nothing, model: 'none' }
}

import { type Findings, ranked, WEIGHT } from './findings.ts'
import type { ResearchLimits } from './limits.ts'
import { isPlainLink, linkScore } from './link-score.ts'
import { readOpenApi } from './openapi.ts'
import { readPageEvidence } from './page-evidence.ts'
import { type ReadablePage, readablePage } from './readable-page.ts'
import type { Page, Reader } from './reader.ts'

/** Where programs are told what there is to read: RFC 9727, and the index for language models. */
const INDEXES: readonly string[] = ['/.well-known/api-catalog', '/llms.txt']
const API_DOCUMENTS: readonly string[] = ['/openapi.json', '/openapi.yaml', '/swagger.json', '/v3/api-docs']
/** Where documentation stands when the site itself does not lead to it. */
const DOCS_HOSTS: readonly string[] = ['docs', 'developers', 'developer']

/** Pages that are tried although nothing speaks for them. */
const MAX_PLAIN = 10

interface Lead {
  readonly url: string
  readonly score: number
  /** How many frames stand around it. */
  readonly frames: number
}

/** Reads from `address` on what leads to authentication, the most promising first, until enough is known or the limits are met. */
export class DocumentationWalk {
  readonly pages: ReadablePage[] = []
  readonly #reader: Reader
  readonly #findings: Findings
  readonly #limits: ResearchLimits
  readonly #leads: Lead[] = []
  readonly #plain: string[] = []
  readonly #known = new Set<string>()
  readonly #documents = new Set<string>()

  constructor(reader: Reader, findings: Findings, limits: ResearchLimits) {
    this.#reader = reader
    this.#findings = findings
    this.#limits = limits
  }

  async walk(address: string): Promise<void> {
    const { origin } = new URL(address)
    this.#lead({ url: address, score: 1_000, frames: 0 })
    if (`${origin}/` !== address) this.#lead({ url: `${origin}/`, score: 40, frames: 0 })
    await this.#follow()
    for (const path of [...INDEXES, ...API_DOCUMENTS]) {
      if (this.#isEnough()) return
      await this.#readAt(`${origin}${path}`, 0)
    }
    await this.#follow()
    await this.#tryPlainLinks()
    for (const host of DOCS_HOSTS) {
      if (this.#isEnough() || this.#findings.schemes.length > 0) return
      this.#lead({ url: `https://${host}.${domainOf(address)}/`, score: 30, frames: 0 })
      await this.#follow()
    }
  }

  /** Enough to write a payload that can be verified, and to say where the key is. */
  #isEnough(): boolean {
    const { schemes, baseUrls, probes, clickPaths } = this.#findings
    const sure = (ranked(schemes)[0]?.weight ?? 0) > WEIGHT.sampleOnAuthPage
    return this.#reader.exhausted || (sure && baseUrls.length > 0 && probes.length > 0 && clickPaths.length > 0)
  }

  async #follow(): Promise<void> {
    while (!this.#isEnough()) {
      this.#leads.sort((a, b) => b.score - a.score)
      const lead = this.#leads.shift()
      if (lead === undefined) return
      await this.#readAt(lead.url, lead.frames)
    }
  }

  /** Words that are not known here may lead there as well: some pages are tried where none that is known did. */
  async #tryPlainLinks(): Promise<void> {
    for (let tried = 0; tried < MAX_PLAIN && this.#findings.schemes.length === 0 && !this.#reader.exhausted; tried++) {
      const url = this.#plain.shift()
      if (url === undefined) return
      this.#lead({ url, score: 1, frames: 0 })
      await this.#follow()
    }
  }

  async #readAt(url: string, frames: number): Promise<void> {
    const isDocument = /\.(?:json|ya?ml)(?:$|\?)|api-docs/i.test(url)
    const page = await this.#reader.read(url, { document: isDocument })
    if (page === undefined || readOpenApi(page, this.#reader, this.#findings)) return
    const readable = readablePage(page)
    this.pages.push(readable)
    readPageEvidence(readable, (address) => this.#reader.isOwn(address), this.#findings)
    for (const document of [...readable.apiDocuments, ...describedBy(page)]) await this.#readDocument(document)
    for (const link of readable.links) {
      const score = linkScore(link)
      this.#lead({ url: link.url, score, frames: 0 })
      if (score <= 0 && this.#plain.length < MAX_PLAIN && isPlainLink(link)) this.#plain.push(link.url)
    }
    if (frames < this.#limits.frameDepth) {
      for (const frame of readable.frames) this.#lead({ url: frame, score: 45 - frames, frames: frames + 1 })
    }
  }

  async #readDocument(url: string): Promise<void> {
    if (this.#documents.has(url) || !this.#reader.isAdmitted(url)) return
    this.#documents.add(url)
    const page = await this.#reader.read(url, { document: true })
    if (page !== undefined) readOpenApi(page, this.#reader, this.#findings)
  }

  #lead(lead: Lead): void {
    const url = lead.url.replace(/#.*$/, '')
    if (lead.score <= 0 || this.#known.has(url) || !this.#reader.isOwn(url)) return
    this.#known.add(url)
    this.#leads.push({ ...lead, url })
  }
}

/** `Link: </openapi.json>; rel="service-desc"` (RFC 8631), and the entries of an API catalogue (RFC 9727). */
function describedBy(page: Page): readonly string[] {
  const header = page.headers.get('link') ?? ''
  const inHeader = [...header.matchAll(/<([^>]{1,2000})>\s*;[^,]*\brel="?[^",]*service-desc/gi)].map(([, href = '']) => href)
  const isCatalog = page.url.endsWith('/.well-known/api-catalog')
  const inCatalog = isCatalog
    ? [...page.text.matchAll(/"service-desc"\s*:\s*\[\s*\{[^}]*?"href"\s*:\s*"([^"]{1,2000})"/g)].map(([, href = '']) => href)
    : []
  return [...inHeader, ...inCatalog].flatMap((href) => URL.parse(href, page.url)?.href ?? [])
}

function domainOf(address: string): string {
  return new URL(address).hostname.replace(/^www\./, '')
}

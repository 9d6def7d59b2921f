import { createEgress, type Egress, type EgressSettings } from '@credence/egress'
import { CodedError } from '@credence/errors'
import { looksLikeSecret } from '@credence/secret'
import type { Clock, Random } from '@credence/service'
import { askModelThrough } from './research/ask-model.ts'
import { publicFetch } from './research/public-fetch.ts'
import type { ResearchReport } from './research/report.ts'
import { research } from './research/research.ts'
import type { ResearchConfig } from './research-settings.ts'

/** Does research for projects, a few at a time. */
export interface Researcher {
  /** Throws SECRET_REFUSED, THROTTLED while too many are under way, UNAVAILABLE when it is closed or the caller goes meanwhile. */
  research(project: string, text: string, signal: AbortSignal): Promise<ResearchReport>
  close(): Promise<void>
}

/** Each holds up to 24 MiB of pages. */
const MOST_AT_ONCE = 4
const RETRY_AFTER_MS = 2_000

export function openResearcher(options: {
  readonly egress: EgressSettings
  readonly config: ResearchConfig
  readonly clock: Clock
  readonly random: Random
}): Researcher {
  const { clock, random, config } = options
  const pages = createEgress({ settings: options.egress, clock, random })
  const operators = createEgress({ settings: withOperatorsOwn(options.egress, config), clock, random })
  const closing = new AbortController()
  let running = 0
  return {
    async research(project, text, signal) {
      if (looksLikeSecret(text)) throw new CodedError('SECRET_REFUSED')
      if (running >= MOST_AT_ONCE) throw new CodedError('THROTTLED', undefined, { retryAfterMs: RETRY_AFTER_MS })
      running++
      try {
        const ended = AbortSignal.any([signal, closing.signal])
        const report = await research(text, { ...portsFor(project, { pages, operators, config, clock, random }), signal: ended })
        // What was not read because we stopped must not look like what is not there.
        if (ended.aborted) throw new CodedError('UNAVAILABLE')
        return report
      } finally {
        running--
      }
    },
    async close() {
      closing.abort()
      await Promise.all([pages.close(), operators.close()])
    },
  }
}

interface Ways {
  readonly pages: Egress
  readonly operators: Egress
  readonly config: ResearchConfig
  readonly clock: Clock
  readonly random: Random
}

function portsFor(project: string, { pages, operators, config, clock, random }: Ways): Parameters<typeof research>[1] {
  const { model, searchUrl } = config
  return {
    fetch: publicFetch(pages, project),
    monotonicMs: () => clock.monotonicMs(),
    ...(model === undefined ? {} : { askModel: askModelThrough(operators, model, { project, random }) }),
    ...(searchUrl === undefined ? {} : { search: { url: searchUrl, fetch: publicFetch(operators, project) } }),
  }
}

/** What the operator names in a setting may be on his own machine; pages and payloads of tenants get no nearer to it by that. */
function withOperatorsOwn(settings: EgressSettings, { model, searchUrl }: ResearchConfig): EgressSettings {
  const own = [model?.url, searchUrl].flatMap((url) => (url === undefined ? [] : [new URL(url)]))
  const allow = own.map(({ hostname, port, protocol }) => ({ host: hostname, port: Number(port) || (protocol === 'http:' ? 80 : 443) }))
  return { ...settings, allow: [...settings.allow, ...allow] }
}

import { createEgress, type Egress, parseEgressSettings } from '@credence/egress'
import { parseProvider } from '@credence/provider'
import { systemClock, systemRandom } from '@credence/service'
import { startStandIns } from '@credence/testkit'
import { type DocSite, type DocSites, startDocSites } from '@credence/testkit/doc-sites'
import { publicFetch } from '../../src/research/public-fetch.ts'
import type { ResearchReport } from '../../src/research/report.ts'
import { type ResearchPorts, research } from '../../src/research/research.ts'

/** Sites on loopback under their own names, and a way out that finds them: the real one. */
export interface ResearchScene {
  readonly sites: DocSites
  readonly egress: Egress
  run(text: string, ports?: Partial<ResearchPorts>): Promise<ResearchReport>
  close(): Promise<void>
}

export async function startResearchScene(
  sites: readonly DocSite[],
  further: Readonly<Record<string, DocSites['servers'][string]>> = {},
): Promise<ResearchScene> {
  const started = startDocSites(sites)
  const all = { ...started.servers, ...further }
  const standIns = await startStandIns(Object.entries(all).map(([host, target]) => ({ host, target })))
  const settings = parseEgressSettings({ allow: standIns.egressAllow, resolve: standIns.egressResolve, caFile: standIns.caFile })
  // A name that no site has is not looked up anywhere: no test leaves this machine.
  const resolver = (): Promise<readonly string[]> => Promise.resolve([])
  const egress = createEgress({ settings, clock: systemClock, random: systemRandom, resolver })
  return {
    sites: started,
    egress,
    run: (text, ports = {}) =>
      research(text, { fetch: publicFetch(egress, 'proj_test'), monotonicMs: () => systemClock.monotonicMs(), ...ports }),
    async close() {
      await egress.close()
      await standIns.close()
      await started.close()
    },
  }
}

/** The payload of a report, read as any other; TypeError when there is none. */
export function payloadOf(report: ResearchReport): ReturnType<typeof parseProvider> {
  if (report.payload === undefined)
    throw new TypeError(`no payload: ${JSON.stringify({ missing: report.missing, facts: report.facts, visits: report.visits })}`)
  return parseProvider(report.payload)
}

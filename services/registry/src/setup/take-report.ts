import { parseProvider } from '@credence/provider'
import { change } from '../documents/change.ts'
import { freshId } from '../documents/with-facts.ts'
import { foldName, type ProviderDoc } from '../provider/provider.ts'
import { providersNamed } from '../provider/read-provider.ts'
import type { Registry } from '../registry.ts'
import { moved } from './move.ts'
import type { SetupDoc, SetupReport } from './setup.ts'

/** By whom research is done, for facts. */
const RESEARCHER = 'service:verifier'

/** What research found goes into the setup: on to the guided steps, or back to the person with a question. */
export async function takeReport(registry: Registry, setup: SetupDoc, report: SetupReport): Promise<void> {
  const existing = report.payload === undefined ? undefined : await sameProvider(registry, setup.project, report)
  const fresh = freshId(registry, 'prov')
  await change(registry.docs.setups, setup.id, (doc) => {
    // Cancelled or revised in the meantime: it was another question.
    if (doc.state !== 'research' || doc.text !== setup.text) return undefined
    const settled = { researchDueAt: undefined, researchFailures: 0 }
    if (report.payload === undefined) {
      const needs = report.site === '' ? ('site' as const) : ('payload' as const)
      const sentence = report.missing.find(({ required }) => required)?.question ?? 'Give the address of the API’s documentation.'
      const back = { cause: 'nothing_found', sentence }
      return moved(registry, doc, { to: 'research', actor: RESEARCHER, change: { ...settled, report, needs, back } })
    }
    const provider = existing === undefined ? { id: doc.provider?.id ?? fresh, version: 0 } : { id: existing.id, version: existing.version }
    const taken = existing === undefined ? report : { ...report, source: 'project' as const, payload: existing.payload }
    return moved(registry, doc, {
      to: 'guided',
      actor: RESEARCHER,
      change: { ...settled, report: taken, provider, needs: undefined, back: undefined, pattern: 0 },
    })
  })
  registry.nudge()
}

/** A provider of the project by this name that calls the same API: two people who set up one service use one provider. */
export async function sameProvider(
  registry: Registry,
  project: string,
  { payload, name }: Pick<SetupReport, 'payload' | 'name'>,
): Promise<ProviderDoc | undefined> {
  if (payload === undefined) return undefined
  const { proxy_url } = parseProvider(payload)
  const named = await providersNamed(registry, project, foldName(name), 5)
  return named.find((doc) => parseProvider(doc.payload).proxy_url === proxy_url)
}

import { type CodedError, isCoded } from '@credence/errors'
import type { Clock } from '@credence/service'
import type { Stored } from '@credence/store'
import { change, replaced } from '../documents/change.ts'
import { showLife } from '../documents/show-life.ts'
import type { Registry } from '../registry.ts'
import { moved } from './move.ts'
import type { ResearchPort } from './research-port.ts'
import type { SetupDoc, SetupReport } from './setup.ts'
import { takeReport } from './take-report.ts'

/** How long a research that was taken is left to whoever took it, without a sign of life. */
const HELD_MS = 15_000
const SIGN_MS = 5_000
/** Fewer than the verifier takes at once, so that two registries do not refuse each other. */
const MOST_AT_ONCE = 3
const FIRST_RETRY_MS = 2_000
const MOST_FAILURES = 5
const SOURCES = ['catalogue', 'documentation'] as const

export interface Researching {
  soon(): void
  stop(): Promise<void>
}

/**
 * Does the research that is due, a few at a time, whoever asked for it and before whichever restart. It is taken by moving
 * its due time on, and kept by moving it on again: what a dead process held is due soon after.
 */
export function startResearching(registry: Registry, options: { port: ResearchPort; clock: Clock; everyMs: number }): Researching {
  const { clock, port, everyMs } = options
  const stopping = new AbortController()
  const running = new Set<Promise<unknown>>()
  let woken = new AbortController()
  const begin = async (doc: Stored<SetupDoc>): Promise<void> => {
    const held = await replaced(registry.docs.setups, { ...doc, researchDueAt: new Date(clock.now() + HELD_MS) }, doc)
    if (held === undefined) return
    const work = researchOne(registry, held, { port, clock, signal: stopping.signal })
      .catch((error: unknown) => registry.log.failure('setup.research_failed', error, { setup_id: doc.id }))
      .finally(() => {
        running.delete(work)
        woken.abort()
      })
    running.add(work)
  }
  const round = async (): Promise<void> => {
    const free = MOST_AT_ONCE - running.size
    if (free <= 0) return
    const due = await registry.docs.setups.find('research', { prefix: [], to: new Date(clock.now() + 1), limit: free })
    for (const doc of due.docs) await begin(doc)
  }
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      woken = new AbortController()
      await round().catch((error: unknown) => registry.log.failure('setup.research_failed', error))
      await clock.sleep(everyMs, AbortSignal.any([stopping.signal, woken.signal])).catch(() => undefined)
    }
    await Promise.all(running)
  }
  const looping = loop()
  return {
    soon: () => woken.abort(),
    async stop() {
      stopping.abort()
      await looping
    },
  }
}

interface Doing {
  readonly port: ResearchPort
  readonly clock: Clock
  readonly signal: AbortSignal
}

async function researchOne(registry: Registry, setup: SetupDoc, doing: Doing): Promise<void> {
  const ended = new AbortController()
  const { clock } = doing
  const failed = (error: unknown): unknown => registry.log.failure('setup.research_failed', error, { setup_id: setup.id })
  const signs = showLife(() => sign(registry, setup, clock), { clock, everyMs: SIGN_MS, signal: ended.signal, failed })
  try {
    const found = await doing.port.research(setup.project, setup.text, doing.signal)
    const source = SOURCES.find((known) => known === found.source) ?? 'documentation'
    await takeReport(registry, setup, { ...found, source } satisfies SetupReport)
  } catch (error) {
    await putOff(registry, setup, doing.signal.aborted ? undefined : error)
  } finally {
    ended.abort()
    await signs
  }
}

async function sign(registry: Registry, setup: SetupDoc, clock: Clock): Promise<void> {
  const dueAt = new Date(clock.now() + HELD_MS)
  await change(registry.docs.setups, setup.id, (doc) => (isSame(doc, setup) ? { ...doc, researchDueAt: dueAt } : undefined))
}

/** The same question is still open. */
function isSame(doc: SetupDoc, setup: SetupDoc): boolean {
  return doc.state === 'research' && doc.text === setup.text && doc.researchDueAt !== undefined
}

/** Without an error the service is stopping: the next one begins anew. After too many failures the person is asked. */
async function putOff(registry: Registry, setup: SetupDoc, error: unknown): Promise<void> {
  if (error !== undefined && !isCoded(error)) throw error
  await change(registry.docs.setups, setup.id, (doc) => {
    if (!isSame(doc, setup)) return undefined
    if (error === undefined) return { ...doc, researchDueAt: registry.now() }
    const isThrottled = error.code === 'THROTTLED'
    const failures = doc.researchFailures + (isThrottled ? 0 : 1)
    if (failures < MOST_FAILURES && error.code !== 'SECRET_REFUSED') {
      const waitMs = FIRST_RETRY_MS * 2 ** Math.max(0, failures - 1)
      return { ...doc, researchFailures: failures, researchDueAt: new Date(registry.now().getTime() + waitMs) }
    }
    return moved(registry, doc, {
      to: 'research',
      actor: 'service:registry',
      change: { researchDueAt: undefined, needs: 'site', back: told(error) },
    })
  })
  registry.nudge()
}

function told(error: CodedError): { cause: string; sentence: string } {
  const sentence = 'The documentation could not be read. Give the address of the API’s documentation, or write the payload by hand.'
  return { cause: 'interrupted', sentence: error.code === 'SECRET_REFUSED' ? error.message : sentence }
}

import { isCoded } from '@credence/errors'
import type { Use } from '@credence/proto/uses'
import { type Actor, needScope, ownOrder } from '../caller/actor.ts'
import { foldedName, resolveUser } from '../caller/resolve-user.ts'
import { findCapability } from '../capability/read-capability.ts'
import { pageSize } from '../documents/page-token.ts'
import { isBehind, type Place, scan } from '../documents/scan.ts'
import type { Registry } from '../registry.ts'
import type { HistoryDoc } from './history-doc.ts'
import { type HistoryFilter, passing, wordsOf } from './history-filter.ts'
import type { HistoryLine } from './history-line.ts'
import { findVisible } from './visibility.ts'

/** `from`: the page of the vault's log in which the list goes on. */
type HistoryPlace = Place & { readonly from: string }

const ACTIONS: Readonly<Record<string, string>> = { send: 'call', probe: 'verify', seal: 'connect', promote: 'connect', destroy: 'change' }

/** Which list: that of one credential, of one capability, or of one credential within a capability. */
export interface HistoryQuery {
  readonly credentialId: string
  readonly capabilityId: string
  readonly filter: HistoryFilter | undefined
  readonly pageSize: number
  readonly pageToken: string
}

/** A filter that nearly nothing passes must not read a whole log for one page; the page is then short, and goes on. */
const MAX_READ = 5_000

/** Uses from the vault's audit and changes from here as one list, newest first. */
export async function listHistory(
  registry: Registry,
  actor: Actor,
  query: HistoryQuery,
): Promise<{ page: HistoryLine[]; nextPageToken: string }> {
  const whose = await ownerOfHistory(registry, actor, query)
  const passes = passing(query.filter, await namesOf(registry, whose.project, query.filter?.user ?? ''))
  const name = ['history', whose.credentialId, whose.capabilityId, JSON.stringify(wordsOf(query.filter))]
  const limit = pageSize(query.pageSize)
  let after = registry.pages.read<HistoryPlace>(name, query.pageToken) ?? startOf(query.filter)
  const page: HistoryLine[] = []
  for (let read = 0; read < MAX_READ; ) {
    const lines = await readLines(registry, whose, { after, limit })
    for (const line of lines.found) {
      if (query.filter?.from !== undefined && line.at < query.filter.from) return { page, nextPageToken: '' }
      if (page.length === limit) return { page, nextPageToken: registry.pages.make(name, after ?? {}) }
      after = { ...placeOf(line), from: lines.from }
      if (passes(line)) page.push(line)
    }
    if (!lines.more) return { page, nextPageToken: '' }
    read += lines.found.length
  }
  return { page, nextPageToken: after === undefined ? '' : registry.pages.make(name, after) }
}

/** A use is recorded under the name that the caller gave, a change under the id: both are the same person. */
async function namesOf(registry: Registry, project: string, user: string): Promise<readonly string[]> {
  if (user === '') return []
  const name = foldedName(user, '/user')
  const known = await resolveUser(registry, project, { names: [name], create: false }).catch((error: unknown) => {
    if (isCoded(error, 'NOT_FOUND')) return undefined
    throw error
  })
  return known === undefined ? [name] : [known.id, ...known.names]
}

interface Whose {
  readonly project: string
  readonly credentialId: string
  readonly capabilityId: string
}

/** The history of a capability tells of every customer: it is the team's, and not for each of them. */
async function ownerOfHistory(registry: Registry, actor: Actor, { credentialId, capabilityId }: HistoryQuery): Promise<Whose> {
  if (capabilityId !== '') {
    needScope(actor, 'providers', 'events.read')
    const { id, project } = await findCapability(registry, actor, capabilityId)
    return { project, capabilityId: id, credentialId }
  }
  needScope(actor, 'credentials.read')
  const credential = await findVisible(registry, actor, credentialId)
  return { project: credential.project, capabilityId: '', credentialId: credential.id }
}

function placeOf(line: HistoryLine): Place {
  return { at: line.at.getTime(), id: line.id }
}

/** Everything from the end of the filter on is passed over: nothing stands behind a time with an empty id but what is older. */
function startOf(filter: HistoryFilter | undefined): HistoryPlace | undefined {
  return filter?.to === undefined ? undefined : { at: filter.to.getTime(), id: '', from: '' }
}

interface Window {
  readonly after: HistoryPlace | undefined
  readonly limit: number
}

/** The next lines, whatever the filter; `more`: there may be others behind them. */
async function readLines(registry: Registry, whose: Whose, window: Window): Promise<{ found: HistoryLine[]; from: string; more: boolean }> {
  const [changes, uses] = await Promise.all([readChanges(registry, whose, window), readUses(registry, whose, window)])
  const lines = [...changes, ...uses.lines].sort((a, b) => (isBehind(placeOf(a), placeOf(b), true) ? 1 : -1))
  return { found: lines.slice(0, window.limit), from: uses.from, more: lines.length > window.limit }
}

async function readChanges(registry: Registry, { credentialId, capabilityId }: Whose, { after, limit }: Window): Promise<HistoryLine[]> {
  const lines: HistoryLine[] = []
  const place = capabilityId === '' ? { index: 'credential', prefix: [credentialId] } : { index: 'capability', prefix: [capabilityId] }
  const options = { ...place, timeOf: (doc: HistoryDoc) => doc.at, after, reverse: true }
  for await (const doc of scan(registry.docs.history, options)) {
    if (isOf(doc, { credentialId, capabilityId })) lines.push(lineOfChange(doc))
    if (lines.length > limit) break
  }
  return lines
}

function isOf(entry: { readonly credentialId: string }, { credentialId, capabilityId }: Omit<Whose, 'project'>): boolean {
  return capabilityId === '' || credentialId === '' || entry.credentialId === credentialId
}

/**
 * The log grows at its head while it is read, so a place is compared by value and never by count. Lines of one millisecond
 * are read together: across the border of two pages their order is not known.
 */
async function readUses(registry: Registry, whose: Whose, { after, limit }: Window): Promise<{ lines: HistoryLine[]; from: string }> {
  const { credentialId, capabilityId } = whose
  const lines: HistoryLine[] = []
  let from = after?.from ?? ''
  let pageToken = from
  for (;;) {
    const asked = capabilityId === '' ? { credentialId, capabilityId } : { credentialId: '', capabilityId }
    const answer = await registry.vault.listUses(ownOrder(whose.project), { ...asked, pageSize: limit + 1, pageToken })
    const found = answer.uses.map(lineOfUse).filter((line) => isOf(line, whose))
    lines.push(...found.filter((line) => after === undefined || isBehind(placeOf(line), after, true)))
    // Everything before this page was given out already.
    if (lines.length === 0) from = pageToken
    pageToken = answer.nextPageToken
    const border = lines[limit]
    const complete = border !== undefined && found.at(-1)?.at.getTime() !== border.at.getTime()
    if (pageToken === '' || complete) return { lines, from }
  }
}

function lineOfUse(use: Use): HistoryLine {
  const { id, user, consumer, outcome, httpStatus, providerError, traceId, credentialId, capabilityId, method } = use
  const action = ACTIONS[use.action] ?? use.action
  return {
    id,
    at: use.at ?? new Date(0),
    action,
    actor: shownActor(use.subject),
    user,
    consumer,
    outcome,
    httpStatus,
    providerError,
    traceId,
    credentialId,
    capabilityId,
    method,
  }
}

function lineOfChange(doc: HistoryDoc): HistoryLine {
  const { id, at, action, user, outcome, credentialId, capabilities = [] } = doc
  const capabilityId = capabilities.length === 1 ? capabilities.join() : ''
  const none = { consumer: '', httpStatus: 0, providerError: '', traceId: '', method: '' }
  return { ...none, id, at, action, actor: shownActor(doc.actor), user, outcome, credentialId, capabilityId }
}

function shownActor(subject: string): string {
  return subject.startsWith('service:') ? 'platform' : subject
}

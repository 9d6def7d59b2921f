import type { Use } from '@credence/proto/vault'
import { type Actor, needScope, ownOrder } from '../caller/actor.ts'
import { pageSize } from '../documents/page-token.ts'
import { isBehind, type Place, scan } from '../documents/scan.ts'
import type { Registry } from '../registry.ts'
import type { HistoryDoc } from './history-entry.ts'
import { findVisible } from './visibility.ts'

/** One line of what happened to a credential; never a token. */
export interface HistoryLine {
  readonly id: string
  readonly at: Date
  readonly action: string
  /** `key_…`, `usr_…`, or `platform`. */
  readonly actor: string
  readonly user: string
  readonly consumer: string
  readonly outcome: string
  readonly httpStatus: number
  readonly providerError: string
  readonly traceId: string
}

/** `from`: the page of the vault's log in which the list goes on. */
type HistoryPlace = Place & { readonly from: string }

const ACTIONS: Readonly<Record<string, string>> = { send: 'call', probe: 'verify', seal: 'connect', promote: 'connect', destroy: 'change' }

/** Uses from the vault's audit and changes from here as one list, newest first. */
export async function listHistory(
  registry: Registry,
  actor: Actor,
  query: { readonly credentialId: string; readonly pageSize: number; readonly pageToken: string },
): Promise<{ page: HistoryLine[]; nextPageToken: string }> {
  needScope(actor, 'credentials.read')
  const credential = await findVisible(registry, actor, query.credentialId)
  const name = ['history', credential.id]
  const after = registry.pages.read<HistoryPlace>(name, query.pageToken)
  const limit = pageSize(query.pageSize)
  const [changes, uses] = await Promise.all([
    readChanges(registry, credential.id, { after, limit }),
    readUses(registry, credential, { after, limit }),
  ])
  const lines = [...changes, ...uses.lines].sort((a, b) => (isBehind(placeOf(a), placeOf(b), true) ? 1 : -1))
  const page = lines.slice(0, limit)
  const last = page.at(-1)
  const more = lines.length > limit && last !== undefined
  return { page, nextPageToken: more ? registry.pages.make(name, { ...placeOf(last), from: uses.from }) : '' }
}

function placeOf(line: HistoryLine): Place {
  return { at: line.at.getTime(), id: line.id }
}

interface Window {
  readonly after: HistoryPlace | undefined
  readonly limit: number
}

async function readChanges(registry: Registry, credentialId: string, { after, limit }: Window): Promise<HistoryLine[]> {
  const lines: HistoryLine[] = []
  const options = { index: 'credential', prefix: [credentialId], timeOf: (doc: HistoryDoc) => doc.at, after, reverse: true }
  for await (const doc of scan(registry.docs.history, options)) {
    lines.push(lineOfChange(doc))
    if (lines.length > limit) break
  }
  return lines
}

/**
 * The log grows at its head while it is read, so a place is compared by value and never by count. Lines of one millisecond
 * are read together: across the border of two pages their order is not known.
 */
async function readUses(
  registry: Registry,
  credential: { readonly id: string; readonly project: string },
  { after, limit }: Window,
): Promise<{ lines: HistoryLine[]; from: string }> {
  const lines: HistoryLine[] = []
  let from = after?.from ?? ''
  let pageToken = from
  for (;;) {
    const query = { credentialId: credential.id, pageSize: limit + 1, pageToken }
    const answer = await registry.vault.listUses(ownOrder(credential.project), query)
    const found = answer.uses.map(lineOfUse)
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
  const { id, user, consumer, outcome, httpStatus, providerError, traceId } = use
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
  }
}

function lineOfChange(doc: HistoryDoc): HistoryLine {
  const { id, at, action, user, outcome } = doc
  return { id, at, action, actor: shownActor(doc.actor), user, consumer: '', outcome, httpStatus: 0, providerError: '', traceId: '' }
}

function shownActor(subject: string): string {
  return subject.startsWith('service:') ? 'platform' : subject
}

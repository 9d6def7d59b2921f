import { CodedError, type Fault } from '@credence/errors'
import type { HistoryLine } from './history-line.ts'

/** Empty members ask for nothing. `from` is the first moment, `to` the first that is too late. */
export interface HistoryFilter {
  readonly user: string
  /** `ok`, `failed`, or an error code. */
  readonly outcome: string
  readonly action: string
  readonly from?: Date | undefined
  readonly to?: Date | undefined
  readonly search: string
}

export const ACTIONS = ['call', 'check', 'connect', 'refresh', 'verify', 'revoke', 'change', 'identity', 'consent'] as const
/** Their outcome says what was done. */
const CHANGES: readonly string[] = ['change', 'consent']
const MAX_TEXT = 400

/** Whether a line is one of those asked for; `users`: the id and the names of the user of the filter. Throws INVALID_REQUEST for a filter that nothing can pass by mistake. */
export function passing(filter: HistoryFilter | undefined, users: readonly string[]): (line: HistoryLine) => boolean {
  if (filter === undefined) return () => true
  refuseFaults(filter)
  const { user, outcome, action } = filter
  const sought = filter.search.toLowerCase()
  return (line) =>
    (user === '' || users.includes(line.user)) &&
    (action === '' || line.action === action) &&
    (outcome === '' || (outcome === 'failed' ? isFailure(line) : line.outcome === outcome)) &&
    (filter.from === undefined || line.at >= filter.from) &&
    (filter.to === undefined || line.at < filter.to) &&
    (sought === '' || textOf(line).includes(sought))
}

/** A call that the provider refused has gone well as far as the platform is concerned, and failed for whoever looks. */
function isFailure(line: HistoryLine): boolean {
  return !CHANGES.includes(line.action) && (line.outcome !== 'ok' || line.httpStatus >= 400)
}

/** Words of the line that are ids, codes and names; there is nothing secret in a history. */
function textOf(line: HistoryLine): string {
  const { id, action, actor, user, consumer, outcome, httpStatus, providerError, traceId, credentialId, capabilityId, method } = line
  const words = [id, action, actor, user, consumer, outcome, httpStatus, providerError, traceId, credentialId, capabilityId, method]
  return words.join(' ').toLowerCase()
}

/** The filter as one value: a page token of one filter is none of another. */
export function wordsOf(filter: HistoryFilter | undefined): readonly unknown[] {
  if (filter === undefined) return []
  const { user, outcome, action, from, to, search } = filter
  return [user, outcome, action, from?.getTime() ?? null, to?.getTime() ?? null, search]
}

function refuseFaults({ action, user, outcome, search, from, to }: HistoryFilter): void {
  const faults: Fault[] = []
  const refuse = (pointer: string, detail: string): void => {
    faults.push({ pointer, code: 'INVALID_VALUE', detail })
  }
  if (action !== '' && !ACTIONS.some((word) => word === action)) refuse('/action', `Write one of ${ACTIONS.join(', ')}.`)
  if (from !== undefined && to !== undefined && to <= from) refuse('/to', 'Write a time after `from`.')
  for (const [name, text] of Object.entries({ user, outcome, search })) {
    if (text.length > MAX_TEXT) refuse(`/${name}`, `Use at most ${MAX_TEXT} characters.`)
  }
  if (faults.length > 0) throw new CodedError('INVALID_REQUEST', undefined, { faults })
}

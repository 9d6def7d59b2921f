import type { HistoryEntry } from '@credence/proto/history'

/** The columns of an export, by the names of the API. */
export const HISTORY_HEADER: readonly string[] = [
  'at',
  'action',
  'actor',
  'user',
  'outcome',
  'upstream_status',
  'provider_error',
  'method',
  'credential_id',
  'capability_id',
  'consumer',
  'trace_id',
  'id',
]

export function historyCells(entry: HistoryEntry): string[] {
  const { at, action, actor, user, outcome, httpStatus, providerError, method, credentialId, capabilityId, consumer, traceId, id } = entry
  const status = httpStatus === 0 ? '' : String(httpStatus)
  const time = at?.toISOString() ?? ''
  return [time, action, actor, user, outcome, status, providerError, method, credentialId, capabilityId, consumer, traceId, id]
}

/** RFC 4180 §2. A cell that a spreadsheet would take for a formula begins with an apostrophe: callers choose some of these words. */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map(cellOf).join(',')}\r\n`
}

function cellOf(text: string): string {
  const plain = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain
}

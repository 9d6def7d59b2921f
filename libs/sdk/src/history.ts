import type { HistoryEntry } from './messages.ts'
import { type ListOptions, listAll } from './pages.ts'
import { path, type Rest } from './rest.ts'

/** Whose history: that of one credential, or of one capability with all its customers. */
export type HistoryOf = { readonly credentialId: string } | { readonly capabilityId: string }

/** Everything that is given must be so. */
export interface HistoryFilter {
  readonly user?: string | undefined
  /** `ok`, `failed`, or an error code. */
  readonly outcome?: string | undefined
  readonly action?: HistoryEntry['action'] | undefined
  /** From this time on. */
  readonly from?: Date | undefined
  /** Before this time. */
  readonly to?: Date | undefined
  /** Text of an actor, user, outcome, error, consumer, trace or id. */
  readonly search?: string | undefined
}

export interface History {
  /** Uses, refreshes, verifications, connect attempts and changes, newest first. Text: the id of a credential. */
  list(of: HistoryOf | string, options?: ListOptions & HistoryFilter): AsyncIterable<HistoryEntry>
  /** All of them as the bytes of a file, as they come: NDJSON unless CSV is asked for. */
  export(
    of: HistoryOf,
    options?: HistoryFilter & { readonly format?: 'ndjson' | 'csv'; readonly signal?: AbortSignal },
  ): AsyncIterable<Uint8Array>
}

export function historyOf(rest: Rest): History {
  return {
    list(of, { pageSize, ...filter } = {}) {
      const options = pageSize === undefined ? {} : { pageSize }
      return listAll(rest, { path: placeOf(of), items: 'entries', query: queryOf(filter) }, options)
    },
    export: (of, options) => exported(rest, of, options),
  }
}

async function* exported(
  rest: Rest,
  of: HistoryOf,
  { format = 'ndjson', signal, ...filter }: HistoryFilter & { readonly format?: 'ndjson' | 'csv'; readonly signal?: AbortSignal } = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  // A long history takes as long as it takes: the signal ends it.
  const response = await rest.open({
    method: 'GET',
    path: `${placeOf(of)}/export`,
    query: { ...queryOf(filter), format },
    timeoutMs: Number.POSITIVE_INFINITY,
    signal,
  })
  if (response.body !== null) yield* response.body
}

function placeOf(of: HistoryOf | string): string {
  if (typeof of === 'string') return path`/v1/credentials/${of}/history`
  return 'capabilityId' in of ? path`/v1/capabilities/${of.capabilityId}/history` : path`/v1/credentials/${of.credentialId}/history`
}

function queryOf({ user, outcome, action, from, to, search }: HistoryFilter): Record<string, string | undefined> {
  return { user, outcome, action, search, from: from?.toISOString(), to: to?.toISOString() }
}

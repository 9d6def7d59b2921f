/** One operation on one credential, as its caller saw it. */
export interface Operation {
  readonly kind: 'use' | 'read' | 'refresh' | 'disable' | 'enable' | 'delete'
  /** Monotonic, ms. */
  readonly start: number
  readonly end: number
  /** `ok`, the status of the API, or the code of the refusal. */
  readonly outcome: string
  /** Which of its secrets went to the API first and last, counted from 0; absent where none did. */
  readonly versions?: { readonly first: number; readonly last: number }
}

const GONE = new Set(['NOT_FOUND', 'CREDENTIAL_DELETED'])
/** What may be answered to an operation that others are beside. 401: the secret was refused while it was replaced. */
const EXPECTED = new Set(['ok', '401', 'CREDENTIAL_DISABLED', 'ILLEGAL_MOVE', 'CONFLICT', ...GONE])

/** What no order of the operations explains that keeps those apart which were one after the other. */
export function judgeHistory(operations: readonly Operation[]): readonly string[] {
  return [...backwards(operations), ...afterDelete(operations), ...whileDisabled(operations), ...strange(operations)]
}

/** A reader never sees an older secret than one who was done before. */
function backwards(operations: readonly Operation[]): string[] {
  const seen = operations.filter(({ versions }) => versions !== undefined)
  return seen.flatMap((later) => {
    const before = seen.filter(({ end }) => end < later.start).reduce((most, { versions }) => Math.max(most, versions?.last ?? 0), 0)
    return (later.versions?.first ?? 0) < before ? [`a ${later.kind} went out with secret ${later.versions?.first} after ${before}`] : []
  })
}

/** Deleted stays deleted. */
function afterDelete(operations: readonly Operation[]): string[] {
  const deleted = operations.filter(({ kind, outcome }) => kind === 'delete' && outcome === 'ok')
  const from = Math.min(...deleted.map(({ end }) => end))
  const alive = operations.filter(({ start, outcome, versions }) => start > from && (!GONE.has(outcome) || versions !== undefined))
  return alive.map(({ kind, outcome }) => `a ${kind} after the delete was answered ${outcome}`)
}

/** From the answer to a disable until the next enable is asked for no secret goes out. */
function whileDisabled(operations: readonly Operation[]): string[] {
  const disables = operations.filter(({ kind, outcome }) => kind === 'disable' && outcome === 'ok')
  return disables.flatMap(({ end: from }) => {
    const to = Math.min(...operations.filter(({ kind, start }) => kind === 'enable' && start >= from).map(({ start }) => start))
    const used = operations.filter(({ start, end, versions }) => start > from && end < to && versions !== undefined)
    return used.map(({ kind, outcome }) => `a ${kind} while disabled was answered ${outcome}`)
  })
}

function strange(operations: readonly Operation[]): string[] {
  return operations.filter(({ outcome }) => !EXPECTED.has(outcome)).map(({ kind, outcome }) => `a ${kind} was answered ${outcome}`)
}

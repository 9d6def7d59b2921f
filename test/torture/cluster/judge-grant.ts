import type { LedgerEntry } from '@credence/testkit'
import { refreshesOf } from '../kill.ts'
import type { GrantEnd } from './come-back.ts'

/** Of REFRESH 4.4, beyond the deadline of the request before. */
const REPLAY_MARGIN_MS = 5_000

/**
 * How often a token may have been sent again. `none`: nothing was in doubt, so each version was asked for once.
 * `ordered`: where REFRESH 4.4 lets another replica take an open intent over.
 */
export type MayReplay = 'none' | 'ordered'

/** What must not have become of a grant that a fault met; by the authorization server's ledger. */
export function judgeGrant(end: GrantEnd, mayReplay: MayReplay): string[] {
  const { account, ledger, endSeq, status } = end
  const requests = refreshesOf(ledger, account.family, account.seq)
  const revoked = ledger.find(({ kind, family }) => kind === 'family_revoked' && family === account.family)
  const isProven =
    end.proven && requests.some(({ seq, presented, issued }) => seq > endSeq && presented?.state === 'current' && issued !== undefined)
  const faults = [
    ...(revoked === undefined ? [] : [`the family was revoked (${revoked.revokedBy})`]),
    ...(isProven ? [] : ['the token in force was lost']),
    ...(status === 'expired' && revoked === undefined ? ['a live grant was called dead'] : []),
    ...replaysOf(requests, end, mayReplay),
  ]
  return faults.map((fault) => `${account.serverClass} ${account.family}: ${fault}`)
}

/** Requests that sent a token which had been sent before. A static one is sent each time: there a second request for one answer is. */
export function replaysIn(end: GrantEnd): readonly LedgerEntry[] {
  const requests = refreshesOf(end.ledger, end.account.family, end.account.seq)
  if (end.account.serverClass === 'static') return requests.filter(({ seq }) => seq <= end.endSeq).slice(1)
  return requests.filter((entry, index) => requests.slice(0, index).some(({ presented }) => presented?.token === entry.presented?.token))
}

function replaysOf(requests: readonly LedgerEntry[], end: GrantEnd, mayReplay: MayReplay): string[] {
  const replays = replaysIn(end)
  if (mayReplay === 'none') return replays.length === 0 ? [] : [`${replays.length} replays where nothing was in doubt`]
  switch (end.account.serverClass) {
    case 'static':
    case 'grace':
      return []
    case 'strict':
      return replays.length === 0 ? [] : [`${replays.length} replays although somebody held the answer`]
    case 'reject': {
      const early = replays.filter((entry) => {
        const first = requests.find(({ presented }) => presented?.token === entry.presented?.token)
        return entry.at - (first?.at ?? 0) < REPLAY_MARGIN_MS
      })
      return early.length === 0 ? [] : [`${early.length} replays while the first answer could still come`]
    }
  }
}

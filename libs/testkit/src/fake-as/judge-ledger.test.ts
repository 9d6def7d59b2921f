import { describe, expect, test } from 'vitest'
import { judgeLedger } from './judge-ledger.ts'
import type { LedgerEntry } from './ledger.ts'

type Line = Omit<LedgerEntry, 'seq' | 'at'>
const ledgerOf = (...lines: Line[]): LedgerEntry[] => lines.map((line, seq) => ({ seq, at: 1000 + seq, ...line }))

const connected: Line = {
  kind: 'token',
  grantType: 'authorization_code',
  family: 'fam_1',
  issued: { accessToken: 'a1', refreshToken: 'r1' },
  status: 200,
}
const refreshed = (from: string, state: 'current' | 'previous', to?: string): Line => ({
  kind: 'token',
  grantType: 'refresh_token',
  family: 'fam_1',
  presented: { token: from, state },
  ...(to === undefined ? { status: 400 } : { issued: { accessToken: `a-${to}`, refreshToken: to }, status: 200 }),
})

describe('the judge of a ledger', () => {
  test('follows a family to the token that is in force', () => {
    const verdict = judgeLedger(ledgerOf(connected, refreshed('r1', 'current', 'r2'), refreshed('r2', 'current', 'r3')))
    expect(verdict).toMatchObject({ tokenRequests: 3, refreshRequests: 2, spentReplays: 0, familiesRevokedByReuse: 0 })
    expect(verdict.families.get('fam_1')).toEqual({
      family: 'fam_1',
      refreshes: 2,
      spentReplays: 0,
      issuedUndelivered: 0,
      currentRefreshToken: 'r3',
    })
  })

  test('keeps the token where an answer brought no new one', () => {
    const same: Line = { kind: 'token', grantType: 'refresh_token', family: 'fam_1', issued: { accessToken: 'a2' }, status: 200 }
    expect(judgeLedger(ledgerOf(connected, same)).families.get('fam_1')?.currentRefreshToken).toBe('r1')
  })

  test('blames reuse on the client and no other end', () => {
    const ends = (revokedBy: 'reuse' | 'client' | 'operator'): number =>
      judgeLedger(ledgerOf(connected, { kind: 'family_revoked', family: 'fam_1', revokedBy })).familiesRevokedByReuse
    expect([ends('reuse'), ends('client'), ends('operator')]).toEqual([1, 0, 0])
  })

  test('counts lost answers only where they held tokens', () => {
    const lost = (of: number): Line => ({ kind: 'undelivered', of })
    const ledger = ledgerOf(connected, refreshed('r1', 'current', 'r2'), lost(1), refreshed('r1', 'previous'), lost(3))
    expect(judgeLedger(ledger).families.get('fam_1')).toMatchObject({ issuedUndelivered: 1, spentReplays: 1 })
  })

  test('counts from a point on and still knows what was before it', () => {
    const ledger = ledgerOf(connected, refreshed('r1', 'current', 'r2'), refreshed('r1', 'previous'), { kind: 'userinfo', family: 'fam_1' })
    const verdict = judgeLedger(ledger, 3)
    expect(verdict).toMatchObject({ tokenRequests: 0, refreshRequests: 0, spentReplays: 0 })
    expect(verdict.families.get('fam_1')?.currentRefreshToken).toBe('r2')
  })
})

import type { LedgerEntry } from '@credence/testkit'
import { describe, expect, test } from 'vitest'
import type { GrantEnd } from '../torture/cluster/come-back.ts'
import { openRecords } from '../torture/cluster/count-spilled.ts'
import { type HerdRound, judgeHerd } from '../torture/cluster/herd.ts'
import { judgeGrant } from '../torture/cluster/judge-grant.ts'
import { judgeReplicaKills, type ReplicaKillRecord } from '../torture/cluster/judge-kills.ts'
import { planReplicaKills } from '../torture/cluster/kills.ts'
import { judgePauses } from '../torture/cluster/pauses.ts'
import { judgeRaces, type Race } from '../torture/cluster/races.ts'
import { faultsOf } from '../torture/cluster/scenario.ts'
import { judgeStoreCuts } from '../torture/cluster/store-cuts.ts'
import { judgeTerms } from '../torture/cluster/terms.ts'
import type { KillVerdict } from '../torture/judge-kill.ts'
import { FAILPOINTS, type ServerClass } from '../torture/plan-kills.ts'

/** A refresh request: which token came, what it was, and which one went out. */
function post(seq: number, [token, state]: readonly [string, 'current' | 'previous'], issued?: string, at = seq): LedgerEntry {
  const tokens = issued === undefined ? {} : { issued: { accessToken: `at_${issued}`, refreshToken: issued } }
  return { seq, at, kind: 'token', grantType: 'refresh_token', family: 'fam_1', presented: { token, state }, ...tokens }
}
const revoked: LedgerEntry = { seq: 12, at: 12, kind: 'family_revoked', family: 'fam_1', revokedBy: 'reuse' }

/** Asked for once under the fault, and once more for the proof, after entry 20. */
const sound = [post(10, ['r0', 'current'], 'r1'), post(21, ['r1', 'current'], 'r2')]
const end = (serverClass: ServerClass, ledger: readonly LedgerEntry[] = sound, more: Partial<GrantEnd> = {}): GrantEnd => ({
  account: { serverClass, family: 'fam_1', seq: 5 },
  endSeq: 20,
  proven: true,
  status: 'active',
  ledger,
  ...more,
})
const ok = { status: 200 }

describe('judgeGrant', () => {
  test('a token that was asked for once and is in force is sound', () => {
    for (const serverClass of ['grace', 'reject', 'strict'] as const) expect(judgeGrant(end(serverClass), 'none')).toEqual([])
  })

  test('a proof with a spent token shows that the one in force was dropped', () => {
    const dropped = [post(10, ['r0', 'current'], 'r1'), post(21, ['r0', 'previous'], 'r2')]
    expect(judgeGrant(end('grace', dropped), 'ordered')).toEqual(['grace fam_1: the token in force was lost'])
  })

  test('a proof that was made before the end of the fault is none', () => {
    expect(judgeGrant(end('strict', sound, { endSeq: 30 }), 'ordered')).toEqual(['strict fam_1: the token in force was lost'])
  })

  test('a second request is allowed to those for whom it is ordered, and to nobody where nothing was in doubt', () => {
    const again = (at: number) => [sound[0]!, post(11, ['r0', 'previous'], undefined, at), sound[1]!]
    expect(judgeGrant(end('grace', again(11)), 'ordered')).toEqual([])
    expect(judgeGrant(end('grace', again(11)), 'none')).toHaveLength(1)
    expect(judgeGrant(end('reject', again(4_000)), 'ordered')).toHaveLength(1)
    expect(judgeGrant(end('reject', again(9_000)), 'ordered')).toEqual([])
    expect(judgeGrant(end('strict', again(9_000)), 'ordered')).toHaveLength(1)
  })

  test('a static token that is sent twice for one answer was sent again', () => {
    const twice = [post(10, ['r0', 'current'], 'r0'), post(11, ['r0', 'current'], 'r0'), post(21, ['r0', 'current'], 'r0')]
    expect(judgeGrant(end('static', twice), 'none')).toHaveLength(1)
    expect(judgeGrant(end('static', [twice[0]!, twice[2]!]), 'none')).toEqual([])
  })

  test('a revoked family, and a live grant that is called dead, are faults', () => {
    expect(judgeGrant(end('strict', [...sound, revoked]), 'ordered')).toEqual(['strict fam_1: the family was revoked (reuse)'])
    expect(judgeGrant(end('reject', sound, { status: 'expired' }), 'ordered')).toEqual(['reject fam_1: a live grant was called dead'])
  })
})

describe('each scenario is failed by', () => {
  const round: HerdRound = { uses: [ok, ok], requests: [sound[0]!], isExpired: true, ms: 1 }
  const race: Race = {
    serverClass: 'strict',
    before: 1,
    after: 2,
    uses: [ok],
    orders: ['waiting'],
    requests: [sound[0]!],
    isRaced: true,
    isRevoked: false,
    status: 'active',
  }

  test('herd: a second token request, a caller who was not answered, a token that had not expired', () => {
    expect(faultsOf(judgeHerd([round]))).toEqual([])
    expect(faultsOf(judgeHerd([{ ...round, requests: [...sound] }]))).toEqual(['round 1: 2 token requests'])
    expect(faultsOf(judgeHerd([{ ...round, requests: [] }]))).toEqual(['round 1: 0 token requests'])
    expect(faultsOf(judgeHerd([{ ...round, uses: [ok, { status: 401 }] }]))).toEqual(['round 1: 1 callers got 401 within 1 ms'])
    expect(faultsOf(judgeHerd([{ ...round, isExpired: false }]))).toEqual(['0 of 1 faults were injected'])
  })

  test('races: a version that was asked for twice, or skipped, or whose credential is dead', () => {
    expect(faultsOf(judgeRaces([race]))).toEqual([])
    const wrong: Partial<Race>[] = [
      { requests: sound },
      { after: 3 },
      { uses: [{ status: 0, code: 'CREDENTIAL_EXPIRED' }] },
      { orders: ['failed'] },
      { isRevoked: true },
      { status: 'expired' },
      { isRaced: false },
    ]
    for (const one of wrong) expect(faultsOf(judgeRaces([{ ...race, ...one }])), JSON.stringify(one)).toHaveLength(1)
  })

  test('terms: an exit code, a call that was cut, doubt, a stop that met no refresh', () => {
    const term = { service: 'vault 1', underWay: 1, exit: { code: 0, signal: null }, uses: [ok], ends: [end('strict')] }
    expect(faultsOf(judgeTerms([term]))).toEqual([])
    expect(faultsOf(judgeTerms([{ ...term, exit: { code: null, signal: 'SIGKILL' } }]))).toHaveLength(1)
    expect(faultsOf(judgeTerms([{ ...term, uses: [{ status: 0, code: 'GONE' }] }]))).toHaveLength(1)
    expect(faultsOf(judgeTerms([{ ...term, ends: [end('strict', [...sound, post(11, ['r0', 'previous'])])] }]))).toHaveLength(1)
    expect(faultsOf(judgeTerms([{ ...term, underWay: 0 }]))).toHaveLength(1)
  })

  test('pauses: a token that was dropped, a replay on strict, a vault that went on', () => {
    const pause = { vault: 1, lastingMs: 1, isHit: true, ends: [end('strict')] }
    expect(faultsOf(judgePauses([pause]))).toEqual([])
    expect(faultsOf(judgePauses([{ ...pause, ends: [end('strict', sound, { proven: false })] }]))).toHaveLength(1)
    expect(faultsOf(judgePauses([{ ...pause, ends: [end('strict', [...sound, post(22, ['r1', 'previous'])])] }]))).toHaveLength(1)
    expect(faultsOf(judgePauses([{ ...pause, isHit: false }]))).toHaveLength(1)
  })

  test('store: a token that was sent without it, an answer that was lost, a cut that let a call through', () => {
    const cut = { when: 'at the save', how: 'hang', isHit: true, requestsMeanwhile: 0, ends: [end('reject')] } as const
    expect(faultsOf(judgeStoreCuts([cut]))).toEqual([])
    expect(faultsOf(judgeStoreCuts([{ ...cut, requestsMeanwhile: 1 }]))).toHaveLength(1)
    expect(faultsOf(judgeStoreCuts([{ ...cut, ends: [end('reject', [])] }]))).toHaveLength(1)
    expect(faultsOf(judgeStoreCuts([{ ...cut, isHit: false }]))).toHaveLength(1)
  })
})

describe('kills of replicas', () => {
  const verdict: KillVerdict = {
    replays: 0,
    lastResorts: 0,
    usable: true,
    inDoubt: false,
    avoidableLoss: false,
    revokedByUs: false,
    revokedByLastResort: false,
    liveGrantDead: false,
    faults: [],
  }
  const grant = { serverClass: 'strict', verdict, cameBack: true } as const
  const record: ReplicaKillRecord = { plan: { number: 1 }, hit: true, grants: [grant], spilled: 1, repeatedPosts: 0 }

  test.each<[string, Partial<ReplicaKillRecord>]>([
    ['a spilled answer that did not come back', { grants: [{ ...grant, cameBack: false }] }],
    ['a call that was made again', { repeatedPosts: 1 }],
    [
      'more doubt than a worker may have under way',
      { grants: Array.from({ length: 17 }, () => ({ ...grant, verdict: { ...verdict, inDoubt: true } })) },
    ],
    ['what the judge of one kill finds', { grants: [{ ...grant, verdict: { ...verdict, faults: ['1 replays'] } }] }],
    ['a kill that did not happen', { hit: false }],
  ])('%s is a fault', (_what, wrong) => {
    expect(faultsOf(judgeReplicaKills(1, [record]))).toEqual([])
    expect(faultsOf(judgeReplicaKills(1, [{ ...record, ...wrong }]))).toHaveLength(1)
  })

  test.each([8, 60, 400])('%i are dealt so that no start dies of what the kill before it left', (size) => {
    const batches = planReplicaKills(size)
    expect(batches.flat()).toHaveLength(size)
    expect(batches.flat().filter(({ failpoint }) => failpoint === undefined)).toHaveLength(size / 2)
    for (const batch of batches) {
      const order = batch.map(({ failpoint }) => (failpoint === undefined ? 9 : FAILPOINTS.indexOf(failpoint) + 1))
      for (const [index, failpoint] of order.entries()) {
        const spilledBefore = order.slice(0, index).some((former) => former === 6 || former === 7 || former === 9)
        expect(spilledBefore && (failpoint === 7 || failpoint === 8), order.join()).toBe(false)
      }
    }
  })

  test('a spill is counted by its frames: with an answer, taken back, torn', () => {
    const framed = (length: number): Buffer => {
      const bytes = Buffer.alloc(8 + length)
      bytes.writeUInt32BE(length, 0)
      return bytes
    }
    expect(openRecords(Buffer.alloc(0))).toBe(0)
    expect(openRecords(Buffer.concat([framed(600), framed(600), framed(90)]))).toBe(1)
    expect(openRecords(Buffer.concat([framed(600), framed(600).subarray(0, 400)]))).toBe(1)
  })
})

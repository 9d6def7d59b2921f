import { describe, expect, test } from 'vitest'
import type { AuditRecord } from './record.ts'
import { createUseFacts } from './tell-uses.ts'

const CREDENTIAL = `cred_${'0'.repeat(26)}`
const used = (at: number, members: Partial<AuditRecord> = {}): AuditRecord => ({
  use: `${at}`,
  phase: 'ended',
  action: 'send',
  at,
  project: 'proj_1',
  credential: CREDENTIAL,
  subject: 'key_1',
  outcome: 'ok',
  ...members,
})

describe('what is told of uses', () => {
  test('is one fact per credential, caller and minute, and the counts add up to the uses', () => {
    const facts = createUseFacts()
    let told = 0
    let uses = 0
    const minutes = new Map<string, number>()
    for (let second = 0; second < 600; second += 1) {
      const batch = second % 200 < 100 ? [used(second * 1000), used(second * 1000, { subject: 'key_2' })] : []
      uses += batch.length
      for (const fact of facts.of(batch, second * 1000)) {
        told += Number(fact.data.count)
        const key = `${fact.data.caller_id} ${Math.floor(second / 60)}`
        minutes.set(key, (minutes.get(key) ?? 0) + 1)
      }
    }
    expect(told).toBe(uses)
    expect(Math.max(...minutes.values())).toBe(1)
  })

  test('a refusal carries its reason, a check is no use, and what is no id of ours is not told', () => {
    const facts = createUseFacts().of(
      [
        used(0, { phase: 'denied', outcome: 'NOT_FOUND' }),
        used(0, { action: 'check' }),
        used(0, { phase: 'began' }),
        used(0, { credential: 'x' }),
      ],
      0,
    )
    expect(facts.map(({ type, data }) => [type, data])).toEqual([
      ['credential.denied', { caller_id: 'key_1', count: 1, reason: 'NOT_FOUND' }],
    ])
  })
})

import { expect, test } from 'vitest'
import { checkDatabases, keyFinding, outboxFinding } from './check-databases.ts'

const NOW = Date.parse('2026-11-21T10:00:00Z')

test('a fact may wait as long as an outage may take to be made up for, and not longer', () => {
  expect(outboxFinding('vault outbox age', Number.POSITIVE_INFINITY, NOW)).toMatchObject({ state: 'ok', says: 'nothing waits' })
  // The clock of the service may be ahead of ours.
  for (const age of [-2_000, 0, 30_000]) expect(outboxFinding('vault outbox age', NOW - age, NOW).state).toBe('ok')
  expect(outboxFinding('vault outbox age', NOW - 30_001, NOW)).toEqual({
    check: 'vault outbox age',
    state: 'warning',
    says: 'The oldest fact has waited 31 s to be published: does the service run, and does NATS answer it?',
  })
})

test('another key than the data was written with has failed, by the names of both', () => {
  expect(keyFinding('root key', { written: 'aaaa1111', given: 'aaaa1111' }).state).toBe('ok')
  const other = keyFinding('root key', { written: 'aaaa1111', given: 'bbbb2222' })
  expect([other.state, other.says]).toEqual(['failed', expect.stringMatching(/aaaa1111.*bbbb2222/)])
})

test('a file that is no key has failed, a vault that has not written yet is a warning', () => {
  expect(keyFinding('root key', { written: 'aaaa1111', given: undefined }).state).toBe('failed')
  expect(keyFinding('root key', { written: undefined, given: 'bbbb2222' }).state).toBe('warning')
})

test('without the address of a store nothing is known', async () => {
  const says = expect.stringMatching(/credence_outbox_oldest_seconds in the metrics; of a distributed platform, set CREDENCE_STORE_URL/)
  expect(await checkDatabases({ addresses: {} }, () => NOW)).toEqual([{ check: 'outbox age', state: 'warning', says }])
})

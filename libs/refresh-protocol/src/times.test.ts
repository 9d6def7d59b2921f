import { expect, test } from 'vitest'
import { checkRefreshTimes, DEFAULT_REFRESH_TIMES, type RefreshTimes } from './times.ts'

const faultsOf = (over: Partial<RefreshTimes>): string[] =>
  checkRefreshTimes({ ...DEFAULT_REFRESH_TIMES, ...over }).map(({ pointer, code }) => `${pointer} ${code}`)

test('[B-1] the defaults and the times of the torture run agree', () => {
  expect(faultsOf({})).toEqual([])
  expect(faultsOf({ leaseMs: 3_000, deadlineMs: 800, saveMs: 800, heartbeatMs: 500, ownerGoneMs: 7_000, confirmMs: 500 })).toEqual([])
})

test('[B-1] a lease that ends before the answer is saved is refused', () => {
  expect(faultsOf({ leaseMs: 40_000 })).toEqual(['/REFRESH_LEASE_MS too_short'])
  expect(faultsOf({ leaseMs: 40_001 })).toEqual([])
})

test('[B-1] an owner counts as gone only after two leases', () => {
  expect(faultsOf({ ownerGoneMs: 120_000 })).toEqual(['/REFRESH_OWNER_GONE_MS too_short'])
  expect(faultsOf({ ownerGoneMs: 120_001 })).toEqual([])
})

test('[B-1] one late heartbeat does not make an owner gone', () => {
  expect(faultsOf({ heartbeatMs: 300_000 })).toEqual(['/REFRESH_OWNER_GONE_MS too_short'])
})

test('[B-1] every fault is told at once, by the names of the settings', () => {
  const faults = checkRefreshTimes({ ...DEFAULT_REFRESH_TIMES, leaseMs: 0, confirmMs: 1.5, ownerGoneMs: Number.NaN })
  expect(faults.map(({ pointer }) => pointer)).toEqual([
    '/REFRESH_LEASE_MS',
    '/REFRESH_OWNER_GONE_MS',
    '/REFRESH_CONFIRM_MS',
    '/REFRESH_LEASE_MS',
  ])
  expect(faults.at(-1)?.detail).toContain('REFRESH_DEADLINE_MS + REFRESH_SAVE_MS')
})

import { readdirSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { asCoded, faultOf, reportOf, storeUnavailable } from './fault.ts'

function thrownBy(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  throw new TypeError('it did not throw')
}

it('calls a database full that may not grow', () => {
  const db = new DatabaseSync(':memory:')
  db.exec('CREATE TABLE filler (body BLOB); PRAGMA max_page_count = 4')
  const error = thrownBy(() => db.exec('INSERT INTO filler VALUES (zeroblob(100000))'))
  expect(faultOf(error)).toEqual({ fault: 'full', resultCode: 13 })
})

it('calls a file unreachable that cannot be opened', () => {
  expect(faultOf(thrownBy(() => new DatabaseSync('/nowhere/at/all/store.db')))).toMatchObject({ fault: 'unreachable' })
  expect(faultOf(thrownBy(() => readdirSync('/nowhere/at/all')))).toEqual({ fault: 'unreachable' })
})

it('leaves mistakes of our own what they are', () => {
  const error = thrownBy(() => new DatabaseSync(':memory:').exec('SELECT nothing'))
  expect(faultOf(error)).toBeUndefined()
  expect(asCoded(error)).toBe(error)
  expect(reportOf(new TypeError('ours'))).toBeUndefined()
})

it('comes through a thread border unchanged', () => {
  expect(reportOf(storeUnavailable('newer'))).toEqual({ fault: 'newer' })
  expect(reportOf(storeUnavailable('full', 13))).toEqual({ fault: 'full', resultCode: 13 })
})

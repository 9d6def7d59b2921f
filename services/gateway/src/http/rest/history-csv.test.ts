import type { HistoryEntry } from '@credence/proto/history'
import { describe, expect, test } from 'vitest'
import { csvLine, HISTORY_HEADER, historyCells } from './history-csv.ts'

const entry: HistoryEntry = {
  id: 'use-1',
  at: new Date(0),
  action: 'call',
  actor: 'key_1',
  user: 'id:ann',
  consumer: 'csmr_1',
  outcome: 'ok',
  httpStatus: 200,
  providerError: '',
  traceId: 't',
  credentialId: 'cred_1',
  capabilityId: 'cap_1',
  method: 'GET',
}

describe('a line of the export', () => {
  test('[S0-12] has a cell for each column, and an empty one where there is no status', () => {
    expect(historyCells(entry)).toHaveLength(HISTORY_HEADER.length)
    expect(csvLine(historyCells(entry))).toBe('1970-01-01T00:00:00.000Z,call,key_1,id:ann,ok,200,,GET,cred_1,cap_1,csmr_1,t,use-1\r\n')
    expect(historyCells({ ...entry, httpStatus: 0 })[5]).toBe('')
  })

  test('[S0-12] quotes what would end a cell or a line (RFC 4180)', () => {
    expect(csvLine(['a,b', 'a"b', 'a\nb', 'plain'])).toBe('"a,b","a""b","a\nb",plain\r\n')
  })

  test('[S0-12] is no formula, whatever a caller calls himself', () => {
    for (const word of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1']) expect(csvLine([word]).replace(/^"/, '')).toMatch(/^'/)
  })
})

import { expect, test } from 'vitest'
import { fromWire, toWire } from './wire-names.ts'

test('names go one way and come back', () => {
  const message = { providerId: 'p', pageSize: 0, overlapS: 1, consoleIssuer: null, returnUrls: ['a'], nested: [{ httpStatus: 200 }] }
  const wire = { provider_id: 'p', page_size: 0, overlap_s: 1, console_issuer: null, return_urls: ['a'], nested: [{ http_status: 200 }] }
  expect(toWire(message)).toEqual(wire)
  expect(fromWire(wire)).toEqual(message)
})

test('names that are data stay as they are, with everything below them', () => {
  const wire = {
    tags: { cost_center: 'a_b' },
    account_fields: { home_url: 'x' },
    data: { sent_at: '2026-01-01T00:00:00Z' },
  }
  expect(fromWire(wire)).toEqual({ ...wire, account_fields: undefined, accountFields: { home_url: 'x' } })
  expect(toWire(fromWire(wire))).toEqual(wire)
})

test('a list is never a map of names', () => {
  expect(fromWire({ fields: [{ input_type: 'text' }] })).toEqual({ fields: [{ inputType: 'text' }] })
  expect(toWire({ accountFields: [{ inputType: 'text' }] })).toEqual({ account_fields: [{ input_type: 'text' }] })
})

test('every time becomes a date, and nothing else does', () => {
  const at = '2026-11-21T01:02:03.000Z'
  expect(fromWire({ created_at: at, at, time: at, oldest: at, format: at, label: at })).toEqual({
    ...{ createdAt: new Date(at), at: new Date(at), time: new Date(at), oldest: new Date(at) },
    ...{ format: at, label: at },
  })
  expect(toWire({ expiresAt: new Date(at), label: undefined })).toEqual({ expires_at: at })
})

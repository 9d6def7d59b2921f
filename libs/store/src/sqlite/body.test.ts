import { expect, it } from 'vitest'
import { decodeBody, encodeBody } from './body.ts'

it('writes the documented text', () => {
  const doc = {
    id: 'a',
    at: new Date('2026-11-21T10:00:00Z'),
    bytes: Uint8Array.of(0, 1, 2, 255),
    price: '$5',
    mark: '$$',
    gone: undefined,
  }
  expect(encodeBody(doc)).toBe('{"id":"a","at":"$d2026-11-21T10:00:00.000Z","bytes":"$bAAEC/w==","price":"$$5","mark":"$$$"}')
})

it('leaves member names as they are', () => {
  expect(encodeBody({ $set: { 'a.b': 1 } })).toBe('{"$set":{"a.b":1}}')
  expect(decodeBody('{"$set":{"$d":"$$d"}}')).toEqual({ $set: { $d: '$d' } })
})

it('calls a text damaged that it never wrote', () => {
  for (const text of ['', '{', '{"a":"$x"}', '{"a":["$"]}', '{"a":"$dnever"}']) {
    expect(() => decodeBody(text)).toThrow(expect.objectContaining({ code: 'STORE_UNAVAILABLE' }))
  }
})

it('names the member that cannot be stored, never its value', () => {
  expect(() => encodeBody({ owner: { score: Number.NaN } })).toThrow(/score/)
  expect(() => encodeBody({ owner: new Map([['secret-canary', 1]]) })).toThrow(expect.not.stringMatching(/secret-canary/))
})

it('gives bytes memory of their own', () => {
  const { bytes } = decodeBody(encodeBody({ bytes: Uint8Array.of(1, 2, 3) }))
  expect(bytes).toBeInstanceOf(Uint8Array)
  expect((bytes as Uint8Array).buffer.byteLength).toBe(3)
})

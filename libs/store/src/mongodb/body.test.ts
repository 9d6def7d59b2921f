import fc from 'fast-check'
import { Binary, BSON, Double, Int32, Long, ObjectId } from 'mongodb'
import { expect, it } from 'vitest'
import { decodeMembers, encodeMembers } from './body.ts'

/** As the driver reads it, with its table of fields that are left undecoded. */
function throughBson(doc: object): Record<string, unknown> {
  return decodeMembers(BSON.deserialize(BSON.serialize(encodeMembers(doc)), { promoteBuffers: false, fieldsAsRaw: {} }))
}

it('writes the documented names', () => {
  const odd = { '': 1, $set: 1, 'a.b': 1, '%24': 1, _bsontype: 1, constructor: 1, '\ud800x': 1, 'ä€😀': 1 }
  expect(Object.keys(encodeMembers(odd))).toEqual(['%', '%24set', 'a%2Eb', '%2524', '%_bsontype', '%constructor', '%uD800x', 'ä€😀'])
})

const names = fc.oneof(
  fc.string({ unit: 'binary' }).map((name) => name.replaceAll('\0', '')),
  fc
    .array(
      fc.constantFrom(
        '%',
        '$',
        '.',
        'u',
        '2',
        '4',
        'D',
        '\ud800',
        '\udc00',
        '_bsontype',
        'constructor',
        '__proto__',
        'toString',
        'toBSON',
        '$ref',
        '$id',
      ),
    )
    .map((parts) => parts.join('')),
)

it('gives every name back, and never makes two names one', () => {
  fc.assert(
    fc.property(fc.uniqueArray(names, { maxLength: 8 }), (list) => {
      const doc = Object.fromEntries(list.map((name, at) => [name, [{ at }]]))
      expect(Object.entries(throughBson(doc)).sort()).toEqual(Object.entries(doc).sort())
    }),
    { numRuns: 1_000 },
  )
})

it('never hands a document to the driver that it would take for one of its own', () => {
  for (const held of [{ _bsontype: 'ObjectId', id: 'x' }, { $ref: 'a', $id: 'b', $db: 'c' }, { $oid: 'x' }, { toBSON: 1 }]) {
    expect(throughBson({ held })).toEqual({ held })
  }
})

it('gives text back that is not well-formed Unicode', () => {
  for (const held of ['\ud800', 'a\udfffb', '\udc00\ud800', '😀\ud83d'])
    expect(throughBson({ held, list: [held] })).toEqual({ held, list: [held] })
  expect(encodeMembers({ held: 'ä€😀\0' })).toEqual({ held: 'ä€😀\0' })
})

it('reads every number of BSON as a number', () => {
  const stored = { int: new Int32(5), double: new Double(5), long: Long.fromNumber(5), far: Long.fromString('9223372036854775807') }
  const read = decodeMembers(BSON.deserialize(BSON.serialize(stored)))
  expect(read).toEqual({ int: 5, double: 5, long: 5, far: 2 ** 63 })
  expect(Object.is(throughBson({ zero: -0 }).zero, 0)).toBe(true)
})

it('calls damaged what it never wrote', () => {
  for (const held of [new ObjectId(), /x/, new Date(Number.NaN)]) {
    expect(() => decodeMembers({ held })).toThrow(expect.objectContaining({ code: 'STORE_UNAVAILABLE' }))
  }
  for (const members of [undefined, null, 'x', []]) {
    expect(() => decodeMembers(members)).toThrow(expect.objectContaining({ code: 'STORE_UNAVAILABLE' }))
  }
})

it('gives bytes and dates memory of their own', () => {
  const given = { bytes: Uint8Array.of(1, 2), at: new Date(5) }
  const encoded = encodeMembers(given)
  given.bytes[0] = 9
  given.at.setTime(9)
  const stored = new Binary(Buffer.from('xyz').subarray(1))
  expect(decodeMembers(encoded)).toEqual({ bytes: Uint8Array.of(1, 2), at: new Date(5) })
  expect((decodeMembers({ stored }).stored as Uint8Array).buffer.byteLength).toBe(2)
})

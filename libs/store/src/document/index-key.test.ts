import fc from 'fast-check'
import { expect, it } from 'vitest'
import { indexKeys } from './index-entries.ts'
import { encodeKey, type IndexTerm, keyRange } from './index-key.ts'

const hex = (...terms: IndexTerm[]): string => encodeKey(terms).toString('hex')

it('writes the documented bytes', () => {
  expect(hex(undefined)).toBe('10')
  expect(hex(0)).toBe('208000000000000000')
  expect(hex(1)).toBe('20bff0000000000000')
  expect(hex(-1)).toBe('20400fffffffffffff')
  expect(hex('a\0é')).toBe('306100ffc3a900')
  expect(hex(false, true)).toBe('40004001')
  expect(hex(new Date(1))).toBe('50bff0000000000000')
})

it('gives zero one entry, whatever its sign', () => {
  expect(hex(-0)).toBe(hex(0))
})

const text = fc.string({ unit: 'binary', maxLength: 4 })
const number = fc.double({ noNaN: true, noDefaultInfinity: true })
const tuple = fc.array(fc.oneof(text, fc.constantFrom('', '\0', '\0\0', 'a', 'a\0')), { minLength: 1, maxLength: 3 })

it('compares as tuples of strings do, element by element', () => {
  fc.assert(
    fc.property(tuple, tuple, (left, right) => {
      expect(Math.sign(encodeKey(left).compare(encodeKey(right)))).toBe(compareTuples(left, right))
    }),
    { numRuns: 2_000 },
  )
})

it('compares as numbers do', () => {
  fc.assert(
    fc.property(number, number, (left, right) => {
      expect(Math.sign(encodeKey([left]).compare(encodeKey([right])))).toBe(Math.sign(left - right) + 0)
    }),
    { numRuns: 2_000 },
  )
})

it('holds under a prefix exactly the tuples that begin with it', () => {
  fc.assert(
    fc.property(tuple, tuple, (prefix, entry) => {
      const { lower, upper } = keyRange(prefix)
      const key = encodeKey(entry)
      const inside = lower.compare(key) <= 0 && key.compare(upper) < 0
      expect(inside).toBe(prefix.every((element, at) => element === entry[at]))
    }),
    { numRuns: 2_000 },
  )
})

it('makes one key per distinct element of an array', () => {
  const index = { name: 'by_tag', members: ['tags'] }
  expect(indexKeys({ id: 'a', tags: ['x', 'y', 'x', null, ['z'], { w: 1 }] }, index)).toEqual([
    encodeKey(['x', 'a']),
    encodeKey(['y', 'a']),
  ])
  expect(indexKeys({ id: 'a', tags: Uint8Array.of(1) }, index)).toEqual([])
  expect(indexKeys({ id: 'a' }, index)).toEqual([])
})

function compareTuples(left: readonly string[], right: readonly string[]): number {
  for (const [at, element] of left.entries()) {
    const other = right[at]
    if (other === undefined) return 1
    const order = Math.sign(Buffer.compare(Buffer.from(element), Buffer.from(other)))
    if (order !== 0) return order
  }
  return left.length === right.length ? 0 : -1
}

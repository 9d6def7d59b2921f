import fc from 'fast-check'
import { expect, test } from 'vitest'
import { diffPayload } from './diff-payload.ts'

test('a part that only one side has is one change', () => {
  expect(diffPayload({ a: { b: 1 } }, { c: [1, 2] })).toEqual([
    { pointer: '/a', change: 'removed', before: '{"b":1}' },
    { pointer: '/c', change: 'added', after: '[1,2]' },
  ])
})

test('items of lists are compared by their place', () => {
  expect(diffPayload([{ x: 1 }, { x: 2 }], [{ x: 1 }, { x: 3 }, { x: 4 }])).toEqual([
    { pointer: '/1/x', change: 'changed', before: '2', after: '3' },
    { pointer: '/2', change: 'added', after: '{"x":4}' },
  ])
})

test('a list and an object are two things', () => {
  expect(diffPayload({ a: [] }, { a: {} })).toEqual([{ pointer: '/a', change: 'changed', before: '[]', after: '{}' }])
})

test('names are escaped as JSON pointers say', () => {
  expect(diffPayload({}, { 'a/b~c': 1 })).toEqual([{ pointer: '/a~1b~0c', change: 'added', after: '1' }])
})

test('nothing differs from itself', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(diffPayload(value, structuredClone(value))).toEqual([])
    }),
  )
})

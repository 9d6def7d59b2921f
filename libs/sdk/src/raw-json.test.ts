import fc from 'fast-check'
import { expect, test } from 'vitest'
import { rawItems, rawMembers } from './raw-json.ts'

const blank = fc.constantFrom('', ' ', '\n', '\t \r\n')

test('what stands in an object is found whole, whatever it holds and however it is spaced', () => {
  fc.assert(
    fc.property(fc.string(), fc.jsonValue(), fc.jsonValue(), blank, (name, before, value, space) => {
      const raw = `${space}${JSON.stringify(value, undefined, space.length)}${space}`
      const text = `${space}{${space}"first"${space}:${JSON.stringify(before)},${space}${JSON.stringify(`x${name}`)}${space}:${raw},"last":1}${space}`
      const members = rawMembers(text)
      expect(members.get(`x${name}`)).toBe(raw)
      expect([...members.keys()]).toEqual(['first', `x${name}`, 'last'])
    }),
  )
})

test('the items of a list are found one by one', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), blank, (values, space) => {
      const text = `[${space}${values.map((value) => JSON.stringify(value)).join(`${space},${space}`)}${space}]`
      expect(rawItems(text)).toEqual(values.map((value) => JSON.stringify(value)))
    }),
  )
})

test('an empty object has no members', () => {
  expect([...rawMembers(' { } ')]).toEqual([])
})

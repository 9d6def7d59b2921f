import { expect, test } from 'vitest'
import { initialOf, TONES, toneOf } from './monogram.ts'

test.each([
  ['asana', 'A'],
  ['  «éclair»', 'É'],
  ['3scale', '3'],
  ['日本', '日'],
  ['🦊', '•'],
  ['', '•'],
])('%j is drawn as one letter that a person would expect', (name, initial) => {
  expect(initialOf(name)).toBe(initial)
})

test('a name keeps its colour whatever its case, and names use all colours', () => {
  expect(toneOf('Asana ')).toBe(toneOf('asana'))
  const tones = new Set(Array.from({ length: 200 }, (_, at) => toneOf(`provider ${at}`)))
  expect([...tones].sort()).toEqual(Array.from({ length: TONES }, (_, tone) => tone))
})

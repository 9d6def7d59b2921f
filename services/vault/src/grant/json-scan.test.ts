import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { scanJson } from './json-scan.ts'

const text = (json: string, pointer: string): string | undefined => {
  const value = scanJson(Buffer.from(json), [pointer])?.get(pointer)
  return value?.kind === 'string'
    ? value.bytes.toString('utf8')
    : value?.kind === 'number' || value?.kind === 'literal'
      ? value.text
      : value?.kind
}

describe('scanJson', () => {
  test('finds a string of any content as JSON.parse would', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.json(), (token, noise) => {
        const wellFormed = token.toWellFormed()
        const json = `{"noise":${noise},"a/b":{"token":${JSON.stringify(wellFormed)}},"n":[1,{"x":null}]}`
        return text(json, '/a~1b/token') === wellFormed
      }),
      { numRuns: 500 },
    )
  })

  test('resolves unicode escapes with surrogate pairs', () => {
    expect(text(String.raw`{"t":"\u0041\ud83d\ude00\/\n"}`, '/t')).toBe('A😀/\n')
  })

  test('reads numbers, literals, items and nested members by pointer', () => {
    const json = '{"expires_in":3600,"ok":true,"a":[{"b":"c"}],"none":null}'
    expect(['/expires_in', '/ok', '/a/0/b', '/none', '/a', '/absent'].map((pointer) => text(json, pointer))).toEqual([
      '3600',
      'true',
      'c',
      'null',
      'container',
      undefined,
    ])
  })

  test('takes the last of duplicate members, as JSON.parse does', () => {
    expect(text('{"t":"a","t":"b"}', '/t')).toBe('b')
  })

  test.each([
    '',
    '<html>',
    '{"a":1',
    '{"a":1}x',
    '{"a":tru}',
    "{'a':1}",
    '{"a":"\u0001"}',
    '{"a":01x}',
    `${'['.repeat(99)}${']'.repeat(99)}`,
    '{"a":"\\x"}',
  ])('refuses what is not JSON: %s', (json) => {
    expect(scanJson(Buffer.from(json), ['/a'])).toBeUndefined()
  })
})

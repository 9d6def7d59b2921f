import { describe, expect, test } from 'vitest'
import { requestHeaders, responseHeaders } from './headers.ts'

const names = (headers: readonly (readonly [string, string])[]): string[] => headers.map(([name]) => name)

describe('headers of a request', () => {
  test('of the caller’s own affairs do not reach the provider', () => {
    const own = [
      'Authorization',
      'Credence-User',
      'credence-anything',
      'Host',
      'X-Forwarded-For',
      'Forwarded',
      'Via',
      'traceparent',
      'baggage',
      'Sec-Fetch-Mode',
    ]
    expect(names(requestHeaders(own.map((name) => [name, 'x'] as const)))).toEqual(['accept-encoding'])
  })

  test('that frame a message or belong to one connection are dropped, with those that `Connection` names', () => {
    const framing = [
      'Content-Length',
      'Transfer-Encoding',
      'TE',
      'Trailer',
      'Upgrade',
      'Expect',
      'Keep-Alive',
      'Proxy-Authorization',
      'HTTP2-Settings',
    ]
    const given = [
      ...framing.map((name) => [name, 'x'] as const),
      ['Connection', 'close, X-Mine'] as const,
      ['x-mine', '1'] as const,
      ['X-Kept', '2'] as const,
    ]
    expect(names(requestHeaders(given))).toEqual(['X-Kept', 'accept-encoding'])
  })

  test('keep their order, their spelling and their repetitions', () => {
    const given = [
      ['X-A', '1'],
      ['x-b', '2'],
      ['X-A', '3'],
      ['Cookie', 'a=b'],
    ] as const
    expect(requestHeaders(given).slice(0, 4)).toEqual(given)
  })

  test('ask only for encodings that the answer can be searched in', () => {
    const encoding = (value: string): string | undefined => requestHeaders([['Accept-Encoding', value]]).at(-1)?.[1]
    expect(encoding('zstd, br;q=0.9, gzip')).toBe('gzip, br')
    expect(encoding('*')).toBe('identity')
    expect(requestHeaders([]).at(-1)).toEqual(['accept-encoding', 'identity'])
  })
})

test('an answer cannot speak for us, nor about its own connection', () => {
  const given = [
    ['Credence-Origin', 'credence'],
    ['connection', 'x-hop'],
    ['X-Hop', '1'],
    ['Transfer-Encoding', 'chunked'],
    ['Set-Cookie', 'a=b'],
    ['X-Kept', '1'],
  ] as const
  expect(names(responseHeaders(given))).toEqual(['Set-Cookie', 'X-Kept'])
})

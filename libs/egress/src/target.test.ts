import { isCoded } from '@credence/errors'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Target, targetOf } from './target.ts'

const HOSTS = ['https://api.example.com/v1', 'https://files.example.com']

function tried(url: string, hosts: readonly string[] = HOSTS): Target | undefined {
  try {
    return targetOf(url, hosts)
  } catch (error) {
    if (!isCoded(error, 'HOST_REFUSED')) throw error
    return undefined
  }
}

describe('the target', () => {
  test('[B-3] under a listed origin and path is taken apart once', () => {
    expect(tried('https://api.example.com/v1/a%2Fb?x=1&y=%20')).toEqual({
      origin: 'https://api.example.com',
      secure: true,
      host: 'api.example.com',
      port: 443,
      path: '/v1/a%2Fb?x=1&y=%20',
    })
    for (const url of [
      'https://API.example.com:443/v1',
      'https://files.example.com',
      'https://api.example.com/v1?x',
      'https://api.example.com/v1/./b',
    ]) {
      expect([url, tried(url) !== undefined]).toEqual([url, true])
    }
  })

  const REFUSED = [
    'https://evil.test/v1',
    'http://api.example.com/v1',
    'https://api.example.com:8443/v1',
    'https://api.example.com:0/v1',
    'https://api.example.com.evil.test/v1',
    'https://api.example.com./v1',
    'https://user@api.example.com/v1',
    'https://api.example.com@evil.test/v1',
    'https://evil.test#@api.example.com/v1',
    'https://evil.test\\@api.example.com/v1',
    'https://api.example.com\\.evil.test/v1',
    'https:\\\\api.example.com/v1',
    'https:api.example.com/v1',
    'https:/api.example.com/v1',
    'https:///api.example.com/v1',
    '//api.example.com/v1',
    '/v1',
    'api.example.com/v1',
    'https://api.example.com/v1#x',
    'https://api.example.com/v1\r\nHost: evil.test',
    'https://api.exa\tmple.com/v1',
    ' https://api.example.com/v1',
    'https://api.example.com/v1 HTTP/1.1',
    'https://api.example.com/v1/\u0000',
    'https://api.example.com/',
    'https://api.example.com/v10',
    'https://api.example.com/V1',
    'https://api.example.com/v1/../admin',
    'https://api.example.com/v1/%2e%2e/admin',
    'https://api.example.com/v1/%2E./admin',
    'https://api.example.com/v1/..%2fadmin',
    'https://api.example.com/v1/..%5cadmin',
    'https://api.example.com/v1/%252e%252e/admin',
    'https://api.example.com/v1/%25252e%25252e%25252fadmin',
    'https://api.example.com/v1/..;/admin',
    'https://api.example.com/v1/x/..;a=b/admin',
    'https://api.example.com/v1%2f..%2fadmin',
    'https://аpi.example.com/v1',
    'https://api。example。com/v1',
    'https://credence_ph_00000000000000000000000000000000.example.com/',
    'ftp://api.example.com/v1',
    'javascript:alert(1)',
    '',
  ]

  test.each(REFUSED)('[B-3] %j is refused', (url) => {
    expect(tried(url)).toBeUndefined()
  })

  test('[B-3] nothing is called without a list', () => {
    expect(tried('https://api.example.com/v1', [])).toBeUndefined()
  })

  test('[B-3] 10,000 mangled URLs never leave the origin and path of the list', () => {
    const piece = fc.constantFrom(
      ...[
        'https://',
        'http://',
        'api.example.com',
        'evil.test',
        '/v1',
        '/',
        '\\',
        '@',
        ':',
        '#',
        '?',
        '..',
        '.',
        '%2e',
        '%2f',
        '%5c',
        '%00',
        '%252e',
      ],
      ...[
        ';',
        ':443',
        ':0',
        '[::1]',
        '127.0.0.1',
        '0x7f.1',
        '\t',
        '\n',
        ' ',
        'user:pw@',
        'ａpi',
        'xn--',
        '//',
        '*',
        '%40',
        'API.EXAMPLE.COM',
        '.evil.test',
        '\u00ad',
      ],
    )
    const url = fc.oneof(
      fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
      fc.array(piece, { maxLength: 6 }).map((pieces) => `https://api.example.com/v1${pieces.join('')}`),
    )
    fc.assert(
      fc.property(url, (text) => {
        const target = tried(text, ['https://api.example.com/v1'])
        if (target === undefined) return true
        const path = target.path.replace(/\?.*/s, '')
        return target.origin === 'https://api.example.com' && /^\/v1(\/|$)/.test(path) && !/(^|[/\\])\.\.([/\\;]|$)/.test(unescaped(path))
      }),
      { numRuns: 10_000 },
    )
  })
})

function unescaped(path: string): string {
  const once = path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return once === path ? path : unescaped(once)
}

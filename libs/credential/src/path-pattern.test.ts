import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { matchesPath, pathPatternFault } from './index.ts'

describe('a path pattern', () => {
  test.each([
    ['/orders', ['/orders'], ['/orders/', '/orders/1', '/Orders', '/order', '/']],
    ['/orders/*', ['/orders/1', '/orders/a%20b', '/orders/a%2Db'], ['/orders', '/orders/', '/orders/1/', '/orders/1/2']],
    ['/orders/**', ['/orders', '/orders/', '/orders/1', '/orders/1/2/3/'], ['/', '/order', '/orders2', '/x/orders']],
    ['/orders/*/lines', ['/orders/1/lines'], ['/orders//lines', '/orders/1/2/lines', '/orders/1/lines/2']],
    ['/**', ['/', '/a', '/a/b'], ['a', '']],
    ['/a%20b/%C3%BC', ['/a%20b/%c3%bc', '/a%20b/ü'], ['/a+b/ü', '/a%20b/u']],
  ])('[S0-15] %s names its paths and no others', (pattern, those, others) => {
    expect(pathPatternFault(pattern)).toBeUndefined()
    for (const path of those) expect(matchesPath([pattern], path), path).toBe(true)
    for (const path of others) expect(matchesPath([pattern], path), path).toBe(false)
  })

  test('[S0-15] a path that servers read in two ways is none that any pattern names', () => {
    const tricks = [
      '..',
      '.',
      '%2e%2e',
      '%2E.',
      '..;x',
      '.;x',
      '..%3Bx',
      '%2f',
      'a%2fb',
      'a%5cb',
      'a\\b',
      '%252e',
      '%25252e',
      '%00',
      'a%0ab',
      '%ff',
      '%',
      '%3f',
      '%23',
      '.. ',
      ' ..',
    ]
    for (const trick of tricks) {
      for (const path of [`/orders/${trick}`, `/orders/${trick}/x`, `/${trick}/orders/1`])
        expect(matchesPath(['/orders/**', '/**'], path), path).toBe(false)
    }
    expect(matchesPath(['/**'], '/a//b')).toBe(false)
    expect(matchesPath([], '/orders')).toBe(false)
  })

  test('[S0-15] whatever is matched below a prefix stays below it for a server that decodes, folds slashes and resolves dots', () => {
    const segment = fc.oneof(
      fc.constantFrom('..', '.', '%2e', '%2E%2e', '..;a', ';', '%2f', '%5c', '', 'x', 'a;b', '%25', '%252f'),
      fc.string({ maxLength: 4 }).map(encodeURIComponent),
      fc.string({ maxLength: 4 }),
    )
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 5 }), (segments) => {
        const path = `/orders/${segments.join('/')}`
        fc.pre(matchesPath(['/orders/**'], path))
        let read = decodeURIComponent(path)
        for (const spelling of [read, decodedAgain(read)]) {
          read = spelling
            .replace(/;[^/]*/g, '')
            .replaceAll('\\', '/')
            .replace(/\/+/g, '/')
          expect(new URL(read.replace(/[?#]/g, '_'), 'http://h.example').pathname).toMatch(/^\/orders(\/|$)/)
        }
      }),
    )
  })

  test('[S0-15] that could not do what it seems to do is refused when it is written', () => {
    const bad = [
      '',
      'orders',
      '/a/../b',
      '/./a',
      '//a',
      '/a//b',
      '/a?b',
      '/a#b',
      '/a b',
      '/a\\b',
      '/a*',
      '/*a',
      '/**/a',
      '/a%2fb',
      '/%',
      `/${'a'.repeat(600)}`,
      '/a%252fb',
    ]
    for (const pattern of bad) expect(pathPatternFault(pattern), pattern).toMatch(/^[A-Z`].*\.$/)
  })
})

function decodedAgain(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

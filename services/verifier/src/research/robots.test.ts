import { describe, expect, test } from 'vitest'
import { parseRobots } from './robots.ts'

const allowed = (text: string, path: string): boolean => parseRobots(text).allows(path)

describe('robots.txt (RFC 9309)', () => {
  test('without a rule that matches everything may be read', () => {
    expect(allowed('', '/docs')).toBe(true)
    expect(allowed('User-agent: otherbot\nDisallow: /', '/docs')).toBe(true)
    expect(allowed('User-agent: *\nDisallow:', '/docs')).toBe(true)
  })

  test('a group for us stands alone, groups for us are one, and the rest is for `*`', () => {
    const text = 'User-agent: *\nDisallow: /\n\nUser-agent: Credence\nDisallow: /a\n\nUser-agent: x\nUser-agent: credence\nDisallow: /b\n'
    expect(['/a', '/b', '/c'].map((path) => allowed(text, path))).toEqual([false, false, true])
  })

  test('the longest rule wins, and of two as long the one that allows', () => {
    const text = 'User-agent: *\nDisallow: /docs\nAllow: /docs/public\nAllow: /same\nDisallow: /same'
    expect(['/docs/x', '/docs/public/x', '/same'].map((path) => allowed(text, path))).toEqual([false, true, true])
  })

  test.each([
    ['/*.json', '/a/b.json?x', false],
    ['/*.json$', '/a/b.json?x', true],
    ['/*.json$', '/a/b.json', false],
    ['/a*b*c', '/a1b2c3', false],
    ['/a*b*c', '/a1c2b3', true],
    ['/$', '/', false],
    ['/$', '/x', true],
    ['/ä', '/%c3%a4/x', false],
    ['/%7Euser', '/~user', false],
    ['/a*a$', '/a', true],
  ])('a pattern %s takes %s: allowed is %s', (pattern, path, result) => {
    expect(allowed(`User-agent: *\nDisallow: ${pattern}`, path)).toBe(result)
  })

  test('comments, other line ends, a byte order mark and unknown lines are read over', () => {
    expect(allowed('\uFEFFuser-agent : * # all\r\nSitemap: https://x.example/s.xml\r\ndisallow: /a # not this\r\n', '/a')).toBe(false)
  })

  test('a pattern made to be slow is not', () => {
    const text = `User-agent: *\nDisallow: /${'*a'.repeat(2_000)}b`
    expect(allowed(text, `/${'a'.repeat(20_000)}`)).toBe(true)
  })
})

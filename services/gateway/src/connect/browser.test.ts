import { describe, expect, test } from 'vitest'
import { browserOf, cookieKind, csrfOf, isSafeAddress } from './browser.ts'

describe('the cookie of a browser', () => {
  test('[T13] is a __Host- cookie with Secure wherever people come by https', () => {
    const kind = cookieKind('https://credence.example/sub', 'credence')
    expect(kind.name).toBe('__Host-credence')
    expect(kind.set('v', 60)).toBe('__Host-credence=v; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=60')
    expect(kind.set('')).toContain('Max-Age=0')
  })

  test('[S2-7] has a plain name on this machine only', () => {
    for (const url of ['http://localhost:7400', 'http://127.0.0.1:7400', 'http://[::1]:7400']) {
      expect(cookieKind(url, 'credence').set('v')).not.toContain('Secure')
      expect(isSafeAddress(url)).toBe(true)
    }
    for (const url of [
      'http://credence.example',
      'http://localhost.evil.example',
      'http://127.0.0.1.nip.io',
      'http://10.0.0.1',
      'ftp://localhost',
      'x',
    ]) {
      expect([url, isSafeAddress(url)]).toEqual([url, false])
    }
  })

  test('[T13] that comes twice is none: which one is ours could not be told', () => {
    const kind = cookieKind('http://localhost', 'credence')
    expect(kind.read('a=1; credence=x; b=2')).toBe('x')
    for (const header of [undefined, '', 'credence=', 'credence=x; credence=y', 'xcredence=x', 'credence'])
      expect(kind.read(header)).toBeUndefined()
  })

  test('[T14] makes a form token for one session only', () => {
    const [one, two] = [browserOf('a'), browserOf('b')]
    expect(new Set([csrfOf(one, 's'), csrfOf(two, 's'), csrfOf(one, 't')]).size).toBe(3)
    expect(csrfOf(one, 's')).toBe(csrfOf(browserOf('a'), 's'))
  })
})

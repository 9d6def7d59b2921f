import { isCoded } from '@credence/errors'
import type { Hosts } from '@credence/provider'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { targetOf } from './target.ts'

const hosts: Hosts = {
  use: ['https://api.example.com/v1/inner'],
  token: ['https://api.example.com/v1/inner/oauth/token'],
  revoke: ['https://api.example.com/v1/inner/oauth/revoke'],
  verify: [],
}
function outcome(path: string, at = hosts): string {
  try {
    return targetOf(at, path).href
  } catch (error) {
    if (!isCoded(error)) throw error
    return error.code
  }
}

describe('the address of a call', () => {
  test('is the path and query below `proxy_url`, as they were written', () => {
    expect(outcome('/things/1?a=b%20c&d')).toBe('https://api.example.com/v1/inner/things/1?a=b%20c&d')
    expect(outcome('/')).toBe('https://api.example.com/v1/inner/')
    expect(outcome('/a..b/...')).toBe('https://api.example.com/v1/inner/a..b/...')
  })

  test('[B-3] 2,000 odd paths never leave origin and prefix', () => {
    const pieces = fc.constantFrom(
      '..',
      '.',
      '%2e',
      '%2E%2e',
      '/',
      '//',
      '\\',
      '%5c',
      '@',
      ':',
      '#',
      '?',
      ' ',
      '\t',
      '\n',
      '\u0000',
      'a',
      '%2f',
      '%',
      ';',
      '…',
      'ａ',
      'https://',
      'evil.com',
      '[::1]',
      ':0',
    )
    const paths = fc.array(fc.oneof(pieces, fc.string({ maxLength: 4 })), { maxLength: 12 }).map((parts) => `/${parts.join('')}`)
    fc.assert(
      fc.property(paths, (path) => {
        const found = outcome(path)
        if (/^[A-Z_]+$/.test(found)) return true
        const url = new URL(found)
        return url.origin === 'https://api.example.com' && url.pathname.startsWith('/v1/inner/') && url.username === '' && url.hash === ''
      }),
      { numRuns: 2_000 },
    )
  })

  test('[B-3] no spelling of one step up is let through', () => {
    for (const up of ['/..', '/../', '/./x', '/.', '/%2e%2e', '/%2E.', '/.%2e/x', '/a/../..', '/a/%2e%2E/%2e%2e/b'])
      expect(outcome(up), up).toBe('HOST_REFUSED')
    for (const odd of ['', 'x', '//\\evil', '/a\\b', '/a b', '/a\nb', '/#x']) expect(outcome(odd), odd).toBe('INVALID_REQUEST')
  })

  test('[B-3] the endpoints that give tokens away cannot be called in any spelling that reaches them', () => {
    const shapes = [
      '/oauth/token',
      '/oauth/token/',
      '//oauth//token',
      '/OAuth/Token',
      '/oauth/%74oken',
      '/oauth/token;v=1',
      '/oauth;x/token',
      '/oauth/token?grant_type=x',
      '/oauth/revoke',
      '/oauth/%52EVOKE',
    ]
    for (const shape of shapes) expect(outcome(shape), shape).toBe('PATH_REFUSED')
    for (const other of ['/oauth/tokens', '/oauth/token/info', '/oauth']) expect(outcome(other), other).toMatch(/^https/)
  })

  test('[B-3] without a host there is no call', () => {
    expect(outcome('/x', { ...hosts, use: [] })).toBe('HOST_REFUSED')
  })
})

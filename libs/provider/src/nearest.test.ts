import { expect, test } from 'vitest'
import { nearest } from './nearest.ts'

const KNOWN = ['proxy_url', 'proxy_enabled', 'display_name', 'docs']

test.each([
  ['proxyUrl', 'proxy_url'],
  ['proxy-url', 'proxy_url'],
  ['prxy_url', 'proxy_url'],
  ['name', undefined],
  ['displayname', 'display_name'],
  ['doc', 'docs'],
  ['something_else_entirely', undefined],
])('%s is answered with %s', (name, expected) => {
  expect(nearest(name, KNOWN)).toBe(expected)
})

test('nothing is near when nothing is known', () => {
  expect(nearest('a', [])).toBeUndefined()
})

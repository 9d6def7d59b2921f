import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fillUrlTemplate } from './fill-url.ts'
import { parseUrlTemplate } from './url-template.ts'

test('fields are found in host, path and query, in this order', () => {
  const reading = parseUrlTemplate('https://{{a}}.x.example:8443/v{{b}}/{{c}}?d={{d}}&e', { query: true })
  expect(reading).toEqual({
    url: {
      scheme: 'https',
      host: [{ field: 'a' }, { literal: '.x.example' }],
      port: '8443',
      segments: [[{ literal: 'v' }, { field: 'b' }], [{ field: 'c' }]],
      query: [{ literal: 'd=' }, { field: 'd' }, { literal: '&e' }],
    },
  })
})

test('all problems of one URL are told at once', () => {
  const reading = parseUrlTemplate('http://u@api.example.com/../x?y#z', { query: false })
  expect('problems' in reading && reading.problems).toHaveLength(5)
})

test.each([
  ['https://user@api.example.com', 'user and password'],
  ['https://api.example.com:x', 'port'],
  ['https://{{a}}{{b}}.example.com', 'dot between two fields'],
  ['http://api.example.com', '`https://`'],
  ['api.example.com', 'whole URL'],
])('%s is answered with words about %s', (text, words) => {
  const reading = parseUrlTemplate(text, { query: false })
  expect('problems' in reading && reading.problems.join()).toContain(words)
})

test('a literal URL that is accepted is what a URL parser makes of it', () => {
  fc.assert(
    fc.property(fc.webUrl({ validSchemes: ['https'], withQueryParameters: true }), (text) => {
      const reading = parseUrlTemplate(text, { query: true })
      if (!('url' in reading)) return
      const filled = fillUrlTemplate(reading.url, () => undefined)
      expect('url' in filled && new URL(filled.url).href).toBe(new URL(text).href)
    }),
    { numRuns: 2000 },
  )
})

import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { pageSize, pageTokens } from './page-token.ts'

const pages = pageTokens(randomBytes(32))
const LIST = ['credentials', 'proj_1', 'usr_1']

describe('a page token', () => {
  test('gives back the place that it was made for, whatever the place is', () => {
    fc.assert(
      fc.property(fc.nat(), fc.string(), (at, id) => {
        expect(pages.read(LIST, pages.make(LIST, { at, id }))).toEqual({ at, id })
      }),
    )
  })

  test('is refused after any change of any of its characters', () => {
    const token = pages.make(LIST, { at: 1, id: 'cred_1' })
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.constantFrom(...'ABCxyz019_-'), (at, letter) => {
        const changed = `${token.slice(0, at)}${letter}${token.slice(at + 1)}`
        // The last character may carry bits that base64url leaves out.
        fc.pre(!Buffer.from(changed, 'base64url').equals(Buffer.from(token, 'base64url')))
        expect(() => pages.read(LIST, changed)).toThrow(expect.objectContaining({ code: 'INVALID_PAGE_TOKEN' }))
      }),
    )
  })

  test('of another installation or another list is refused, and the empty one begins the list', () => {
    const token = pages.make(LIST, { at: 1 })
    expect(() => pageTokens(randomBytes(32)).read(LIST, token)).toThrow(expect.objectContaining({ code: 'INVALID_PAGE_TOKEN' }))
    expect(() => pages.read(['credentials', 'proj_1', 'usr_2'], token)).toThrow(expect.objectContaining({ code: 'INVALID_PAGE_TOKEN' }))
    expect(pages.read(LIST, '')).toBeUndefined()
  })

  test('cannot be mistaken for a digest, although both have the same key', () => {
    const body = JSON.stringify({ at: 1 })
    const forged = Buffer.concat([Buffer.from(pages.digest([...LIST, body]), 'hex').subarray(0, 16), Buffer.from(body)]).toString(
      'base64url',
    )
    expect(() => pages.read(LIST, forged)).toThrow(expect.objectContaining({ code: 'INVALID_PAGE_TOKEN' }))
  })

  test('digests tell where one part ends and the next begins', () => {
    expect(pages.digest(['ab', 'c'])).not.toBe(pages.digest(['a', 'bc']))
    expect(pages.digest(['ab', 'c'])).toBe(pages.digest(['ab', 'c']))
  })
})

test('a page has 50 entries when nothing is asked for, and never more than 200', () => {
  expect([0, 1, 200, 201, 1e9].map(pageSize)).toEqual([50, 1, 200, 200, 200])
})

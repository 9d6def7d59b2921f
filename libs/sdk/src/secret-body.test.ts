import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { secretBody } from './secret-body.ts'

/** Text without lone surrogates: those have no UTF-8 form. */
const text = fc.string({ unit: 'grapheme' })
const members = fc.dictionary(text, text).map((it) => Object.fromEntries(Object.entries(it).filter(([name]) => name !== '__proto__')))
const parse = (body: Uint8Array): unknown => JSON.parse(Buffer.from(body).toString('utf8'))

describe('a body with secrets', () => {
  test('is the JSON that it would be without them being secret', () => {
    fc.assert(
      fc.property(members, members, (plain, secrets) => {
        expect(parse(secretBody(plain, secrets, ':secrets'))).toEqual({ ...plain, ':secrets': secrets })
        expect(parse(secretBody({}, secrets))).toEqual(secrets)
      }),
    )
  })

  test('takes bytes as they are and leaves them to their owner', () => {
    fc.assert(
      fc.property(text, (value) => {
        const bytes = Buffer.from(value)
        expect(parse(secretBody({ a: 1 }, { token: bytes }))).toEqual({ a: 1, token: value })
        expect(bytes.toString()).toBe(value)
      }),
    )
  })
})

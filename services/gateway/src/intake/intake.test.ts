import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { intakeForm, intakeJson } from './intake.ts'
import { parseJsonBytes } from './json-bytes.ts'
import { readBody } from './read-body.ts'

const codeOf = (work: () => unknown): string => {
  try {
    work()
    return 'no error'
  } catch (error) {
    return `${(error as { code: string }).code} ${(error as { details: { faults?: { code: string }[] } }).details.faults?.[0]?.code}`
  }
}

describe('the intake', () => {
  test('[S2-14] reads every text of a form as the URL Standard does', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), { maxKeys: 8 }), (fields) => {
        const wellFormed = Object.entries(fields).filter(([name, value]) => name.isWellFormed() && value.isWellFormed())
        const body = new URLSearchParams(wellFormed.map(([name, value]) => [`field.${name}`, value]))
        const read = intakeForm(Buffer.from(body.toString())).secretFields(wellFormed.map(([name]) => name))
        expect(Object.entries(read).map(([name, value]) => [name, value.toString()])).toEqual(
          Object.entries(Object.fromEntries(wellFormed)),
        )
      }),
    )
  })

  test('[S2-14] reads every JSON text as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string({ unit: 'binary' }), { maxKeys: 8 }), (fields) => {
        const read = intakeJson(Buffer.from(JSON.stringify({ fields, beside: { a: [1, true, null, 'x'] } })), { object: 'fields' })
        const names = Object.keys(fields)
        expect(Object.entries(read.secretFields(names)).map(([name, value]) => [name, value.toString()])).toEqual(
          Object.entries(fields).map(([name, value]) => [name, value.toWellFormed()]),
        )
        expect(read.beside).toEqual({ beside: { a: [1, true, null, 'x'] } })
      }),
    )
  })

  test('[S2-14] never reads bytes that JSON.parse refuses', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:\\u0d8eE+-.tfn 1') }), (text) => {
        const accepts = (work: () => unknown): boolean => !codeOf(work).startsWith('INVALID_REQUEST')
        if (accepts(() => parseJsonBytes(Buffer.from(text)))) expect(() => JSON.parse(text)).not.toThrow()
      }),
      { numRuns: 2000 },
    )
  })

  test('[S2-14] wipes what it read when it is done, and when it fails', () => {
    const intake = intakeJson(Buffer.from('{"fields":{"token":"canary"}}'), { object: 'fields' })
    const { token } = intake.secretFields(['token'])
    expect(token?.toString()).toBe('canary')
    intake[Symbol.dispose]()
    expect(token?.every((byte) => byte === 0)).toBe(true)
  })

  test('[S2-14] refuses what is not a text where a secret belongs, without repeating it', () => {
    expect(codeOf(() => intakeJson(Buffer.from('{"fields":{"token":7}}'), { object: 'fields' }))).toBe('INVALID_REQUEST INVALID_TYPE')
    expect(codeOf(() => intakeJson(Buffer.from('{"fields":"canary"}'), { object: 'fields' }))).toBe('INVALID_REQUEST INVALID_TYPE')
    expect(codeOf(() => intakeJson(Buffer.from('{"a":1,"a":2}'), {}))).toBe('INVALID_REQUEST DUPLICATE_MEMBER')
    expect(codeOf(() => intakeJson(Buffer.from('[]'), {}))).toBe('INVALID_REQUEST INVALID_TYPE')
    expect(codeOf(() => intakeJson(Buffer.from('{"a":"\\ud800"}'), {}))).toBe('INVALID_REQUEST INVALID_JSON')
    expect(codeOf(() => intakeJson(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), {}))).toBe('INVALID_REQUEST INVALID_JSON')
    expect(codeOf(() => intakeForm(Buffer.from('field.a=%zz')))).toBe('INVALID_REQUEST INVALID_FORM')
    expect(codeOf(() => intakeForm(Buffer.from('field.a=%ff')))).toBe('INVALID_REQUEST INVALID_FORM')
  })

  test('[S2-14] keeps blanks of a secret, and drops those that pasting leaves around a plain value', () => {
    const intake = intakeForm(Buffer.from('field.domain=+acme.example+&field.key=+k+&csrf=a&csrf=b'))
    expect(intake.plainFields(['domain'])).toEqual({ domain: 'acme.example' })
    expect(intake.secretFields(['key']).key?.toString()).toBe(' k ')
    expect(intake.beside).toEqual({ csrf: ['a', 'b'] })
  })

  test('[S2-14] wipes the pieces of a body, and stops reading at the limit', async () => {
    const chunks = [Buffer.from('canary-'), Buffer.from('one')]
    async function* body() {
      yield* chunks
    }
    expect((await readBody(body(), undefined, 100)).toString()).toBe('canary-one')
    expect(Buffer.concat(chunks).every((byte) => byte === 0)).toBe(true)
    await expect(readBody(body(), undefined, 5)).rejects.toMatchObject({ code: 'REQUEST_TOO_LARGE' })
    await expect(readBody(body(), 101, 100)).rejects.toMatchObject({ code: 'REQUEST_TOO_LARGE' })
  })
})

import { describe, expect, test } from 'vitest'
import { answerForms, FACT_KINDS, normalForm, recordForms } from './index.ts'

const matches = (record: string, answer: string): boolean => {
  const known = recordForms('phone', record)
  return answerForms('phone', answer).some((form) => known.includes(form))
}

describe('a phone number', () => {
  test.each([
    ['+1 415 555 0100', '(415) 555-0100'],
    ['+1 415 555 0100', '1-415-555-0100'],
    ['+1 415 555 0100', '001 415 555 0100'],
    ['415-555-0100', '+1 (415) 555 0100'],
    ['415-555-0100', '1 415.555.0100'],
    ['1 415 555 0100', '415 555 0100'],
    ['1 415 555 0100', '+14155550100'],
    ['+49 30 1234567', '030 1234567'],
    ['+49 30 1234567', '49 30 1234567'],
    ['+49 (0)151 12345678', '0151 / 12 34 56 78'],
    ['0151 12345678', '+49 151 12345678'],
    ['4915112345678', '+49 151 12345678'],
    ['+39 06 1234 5678', '06 12345678'],
    ['+7 912 345-67-89', '8 912 345-67-89'],
    ['+353 1 234 5678', '01 234 5678'],
    ['+852 1234 5678', '1234 5678'],
  ])('[S0-13] %s in a record is %s in an answer', (record, answer) => {
    expect(matches(record, answer)).toBe(true)
  })

  test.each([
    ['+49 30 1234567', '+41 30 1234567'],
    ['+49 30 1234567', '030 1234568'],
    ['+49 30 1234567', '1234567'],
    ['+1 415 555 0100', '555 0100'],
    ['+1 415 555 0100', '(416) 555-0100'],
    ['+1 415 555 0100', '+44 415 555 0100'],
    ['030 1234567', '040 1234567'],
    ['+1 415', '415'],
    ['+4915112345678', '12345678'],
    ['+1 415 555 0100', ''],
    ['', ''],
  ])('[S0-13] %s in a record is not %s in an answer', (record, answer) => {
    expect(matches(record, answer)).toBe(false)
  })
})

test('[S0-13] a record is kept under its normal form first, and other kinds under that alone', () => {
  for (const text of ['+49 30 1234567', '94105-1234', 'ann@x.example', 'A-1001', '1990-02-01']) {
    for (const kind of FACT_KINDS) {
      const form = normalForm(kind, text)
      expect(recordForms(kind, text)[0] ?? '').toBe(form)
      if (kind !== 'phone') expect(answerForms(kind, text)).toEqual(form === '' ? [] : [form])
    }
  }
})

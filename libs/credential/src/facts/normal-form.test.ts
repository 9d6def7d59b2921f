import { describe, expect, test } from 'vitest'
import { FACT_KINDS, type FactKind, kindOfFact, normalForm, spokenForm } from './index.ts'

const SAME: readonly (readonly [FactKind, readonly string[]])[] = [
  ['text', ['Anna  Müller', ' anna mu\u0308ller ', 'ANNA\u00a0MÜLLER', 'anna\u200b müller\n']],
  ['text', ['Straße 5', 'STRASSE 5', 'strasse ５']],
  [
    'email',
    ['Ann@Example.com', ' ann@example.com ', 'ANN@EXAMPLE.COM.', 'Ann <ann@example.com>', 'mailto:ann@example.com', 'ann@ example.com'],
  ],
  ['phone', ['+49 (0)30 1234-567', '0049 30 1234567', '+49.30.1234567', 'tel:+49301234567', '(+49) 30 1234567']],
  ['phone', ['030 / 123 45 67', '(030) 1234567', '0301234567']],
  ['postal_code', ['94105', '94105-1234', '94105 1234', ' ９４１０５ ', '941051234']],
  ['postal_code', ['10115', 'D-10115', 'd 10115', '1 0115']],
  ['postal_code', ['SW1A 1AA', 'sw1a1aa', 'SW1A-1AA']],
  ['postal_code', ['K1A 0B1', 'k1a0b1']],
  ['order_number', ['#A-1001', 'a1001', 'A 1001', 'A–1001', 'No. A1001', ' a_1001 ']],
  ['digits', ['1234', '12 34', '1-2-3-4', '١٢٣٤']],
  ['date', ['1990-02-01', '1990/2/1', '19900201', '1.2.1990', '01.02.1990']],
]

const OTHER: readonly (readonly [FactKind, string, string])[] = [
  ['text', 'Anna Müller', 'Anna Muller'],
  ['email', 'ann@example.com', 'anne@example.com'],
  ['email', 'a.nn@example.com', 'ann@example.com'],
  ['phone', '+49301234567', '+49301234568'],
  ['phone', '+41301234567', '+49301234567'],
  ['postal_code', '94105', '94106'],
  ['postal_code', '01234', '1234'],
  ['order_number', '1001', '01001'],
  ['order_number', 'A1001', 'B1001'],
  ['date', '1990-02-01', '1990-01-02'],
]

describe('the normal form', () => {
  test.each(SAME)('[S0-13] %s: one thing has one form however it is written', (kind, texts) => {
    const forms = new Set(texts.map((text) => normalForm(kind, text)))
    expect([...forms]).toHaveLength(1)
    expect([...forms]).not.toContain('')
  })

  test.each(OTHER)('[S0-13] %s: %s is not %s', (kind, one, other) => {
    expect(normalForm(kind, one)).not.toBe(normalForm(kind, other))
  })

  test('[S0-13] is found once and stays: the form of a form is itself', () => {
    for (const [kind, texts] of SAME)
      for (const text of texts) expect(normalForm(kind, normalForm(kind, text))).toBe(normalForm(kind, text))
  })

  test('[S0-13] of what says nothing is empty, for every kind', () => {
    for (const kind of FACT_KINDS) for (const text of ['', ' ', '\u200b', '\n\t']) expect(normalForm(kind, text)).toBe('')
    for (const [kind, text] of [
      ['email', 'ann'],
      ['email', 'a@b@c'],
      ['phone', '12'],
      ['order_number', '#--'],
      ['digits', 'none'],
    ] as const)
      expect(normalForm(kind, text)).toBe('')
  })
})

test('[S0-13] the spoken form leaves alone how the team writes it', () => {
  expect(spokenForm('order_number', ' #A-1001 ')).toBe('A-1001')
  expect(spokenForm('text', '  Anna Müller')).toBe('Anna Müller')
  expect(spokenForm('email', 'Ann <ANN@Example.com>')).toBe('ann@example.com')
})

test.each([
  ['email', 'email'],
  ['billing_email', 'email'],
  ['phone_number', 'phone'],
  ['zip', 'postal_code'],
  ['shipping_zip', 'postal_code'],
  ['plz', 'postal_code'],
  ['order_number', 'order_number'],
  ['customer_id', 'order_number'],
  ['date_of_birth', 'date'],
  ['last_4', 'digits'],
  ['surname', 'text'],
  ['pet', 'text'],
])('[S0-13] a fact named %s is of the kind %s, unless another one is declared', (name, kind) => {
  expect(kindOfFact(name)).toBe(kind)
  expect(kindOfFact(name, 'text')).toBe('text')
  expect(kindOfFact(name, 'no_kind')).toBe(kind)
})

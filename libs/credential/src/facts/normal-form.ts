import type { FactKind } from './fact-kind.ts'

/** What cannot be seen, and what is written over it: marks of direction, joiners, soft hyphens, control characters. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu
const SPACES = /[\s\p{Z}]+/gu
/** The zeros of the decimal digits that people type and NFKC leaves as they are. */
const ZEROS: readonly number[] = [0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0]

/**
 * The form in which an answer and a record are compared; empty for what is none of its kind, which matches nothing. Two ways of
 * writing one thing have one form; two things have two, as far as people keep them apart.
 */
export function normalForm(kind: FactKind, text: string): string {
  return FORMS[kind](plain(text))
}

/** As it is put into the address of a lookup: what people write around it is gone, and how the team writes it is left alone. */
export function spokenForm(kind: FactKind, text: string): string {
  const said = plain(text).trim()
  if (kind === 'email') return email(said)
  if (kind === 'order_number') return said.replace(/^(?:#|№|no\.|nr\.)\s*/iu, '')
  return kind === 'phone' || kind === 'digits' || kind === 'date' ? FORMS[kind](said) : said
}

const FORMS: Readonly<Record<FactKind, (text: string) => string>> = {
  text: (text) => folded(text),
  email,
  phone,
  postal_code: postalCode,
  order_number: (text) =>
    folded(text)
      .replace(/^(?:no|nr)\.\s*/u, '')
      .replace(/[\p{P}\p{S}\s]/gu, ''),
  digits: (text) => text.replace(/\D/g, ''),
  date,
}

/** One form of each character (Unicode NFKC), nothing unseen, decimal digits of any script as ASCII, one blank between words. */
function plain(text: string): string {
  return text
    .normalize('NFKC')
    .replace(SPACES, ' ')
    .replace(UNSEEN, '')
    .replace(/\p{Nd}/gu, asciiDigit)
    .trim()
}

function asciiDigit(digit: string): string {
  const code = digit.codePointAt(0) ?? 0
  const zero = ZEROS.find((first) => code >= first && code < first + 10)
  return zero === undefined ? digit : String(code - zero)
}

/** Upper case first: `ß` and `SS` are one there, and final sigma is no letter of its own. */
function folded(text: string): string {
  return text.toUpperCase().toLowerCase().normalize('NFKC')
}

/** What stands in angle brackets where a name stands before them. Providers differ in what dots and plus signs mean: they stay. */
function email(text: string): string {
  const address = /<([^<>]*)>/.exec(text)?.[1] ?? text
  const bare = folded(address)
    .replace(/^mailto:/, '')
    .replace(/\s/g, '')
  return /^[^@]+@[^@]+$/.test(bare) ? bare.replace(/\.$/, '') : ''
}

/** Separators go; `00` and `+` are one; the `(0)` of an international number is not dialled; an extension belongs to it. */
function phone(text: string): string {
  const said = text.replace(/^tel:/i, '').trim()
  const international = /^(?:\+|00)/.test(said.replace(/[\s(]/g, ''))
  const dialled = international ? said.replace(/\(0\)/, '') : said
  const digits = dialled.replace(/\D/g, '')
  if (digits.length < 4) return ''
  return international ? `+${digits.replace(/^00/, '')}` : digits
}

/** ZIP+4 is its ZIP; `D-`, `CH-` and the like before a number are the country; letters are in upper case, without gaps. */
function postalCode(text: string): string {
  const bare = folded(text)
    .toUpperCase()
    .replace(/^[A-Z]{1,2}[-\s](?=\d)/, '')
  const zip = /^(\d{5})[-\s]?\d{4}$/.exec(bare)?.[1]
  return zip ?? bare.replace(/[\p{P}\p{S}\s]/gu, '')
}

/** `1990-02-01`, `1990/2/1`, `19900201`, `1.2.1990`. Between slashes with the year behind nobody knows which is the month. */
function date(text: string): string {
  const said = text.replace(/\s/g, '')
  const [, year, month, day] = /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$/.exec(said) ?? /^(\d{4})(\d{2})(\d{2})$/.exec(said) ?? []
  if (year !== undefined) return iso(year, month, day)
  const [, first, second, behind] = /^(\d{1,2})\.(\d{1,2})\.(\d{4})$/.exec(said) ?? []
  return behind === undefined ? said.replace(/\D/g, '') : iso(behind, second, first)
}

function iso(year: string, month = '', day = ''): string {
  return `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`
}

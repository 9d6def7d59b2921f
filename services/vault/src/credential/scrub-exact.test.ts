import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ExactSearch, type Span } from './scrub-exact.ts'
import { NeedleForms } from './scrub-forms.ts'

/** Long enough that the search samples instead of going form by form. */
const LONG = 70_000

function found(forms: readonly Buffer[], text: Buffer): string[] {
  const hits: Span[] = []
  new ExactSearch(forms).find(text, hits)
  return hits.map(([start, end]) => `${start} ${end}`).sort()
}

function byHand(forms: readonly Buffer[], text: Buffer): string[] {
  const hits: string[] = []
  for (const form of forms)
    for (let at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + 1)) hits.push(`${at} ${at + form.length}`)
  return hits.sort()
}

describe('the search of a long text', () => {
  test('[B-4] misses no form at any place', () => {
    const form = fc.uint8Array({ minLength: 4, maxLength: 90, max: 3, size: 'max' }).map((bytes) => Buffer.from(bytes))
    const places = fc.array(fc.nat(LONG), { maxLength: 12 })
    fc.assert(
      fc.property(fc.uniqueArray(form, { minLength: 1, maxLength: 4, selector: String }), places, (forms, at) => {
        const text = Buffer.alloc(LONG + 100, 7)
        for (const [i, place] of at.entries()) forms[i % forms.length]?.copy(text, place)
        expect(found(forms, text)).toEqual(byHand(forms, text))
      }),
      { numRuns: 200 },
    )
  })

  test('[B-4] finds a form that ends with the text, and one that fills it', () => {
    const form = Buffer.from('0123456789abcdefghij')
    const text = Buffer.concat([Buffer.alloc(LONG), form])
    expect(found([form], text)).toEqual([`${LONG} ${LONG + form.length}`])
    const long = Buffer.alloc(LONG, 'xy')
    expect(found([long], long)).toEqual([`0 ${LONG}`])
  })
})

describe('the forms of a needle', () => {
  test('are different from each other, and none shorter than what can be searched', () => {
    const forms = new NeedleForms([Buffer.from('12345678'), Buffer.from('12345678'), Buffer.from('abc')])
    const texts = forms.exact.map((form) => Buffer.from(form).toString())
    expect(texts).toEqual(['12345678', 'MTIzNDU2Nz', 'EyMzQ1Njc4', 'xMjM0NTY3O', '3132333435363738'])
    expect(forms.escapable).toHaveLength(1)
    expect(new NeedleForms([Buffer.from('abc')]).isEmpty).toBe(true)
  })

  test('[S2-17] are zeroed with all that was made of them', () => {
    const needle = Buffer.from('geheim-é/+?')
    const forms = new NeedleForms([needle])
    const all = [...forms.exact, ...forms.escapable]
    expect(all.every((form) => form.some((byte) => byte !== 0))).toBe(true)
    forms.wipe()
    expect(all.every((form) => form.every((byte) => byte === 0))).toBe(true)
    expect(needle.toString()).toBe('geheim-é/+?')
  })
})

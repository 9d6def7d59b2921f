import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jsonEscaped, xmlEscaped } from './escape.ts'

test('[S0-10] any text stands in JSON as itself', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(JSON.parse(`"${jsonEscaped(Buffer.from(text)).toString('utf8')}"`)).toBe(Buffer.from(text).toString('utf8'))
    }),
  )
})

test('[S0-10] no text ends the element or the attribute of XML that it stands in', () => {
  expect(xmlEscaped(Buffer.from(`a<b>&"c'ä`)).toString()).toBe('a&lt;b&gt;&amp;&quot;c&apos;ä')
})

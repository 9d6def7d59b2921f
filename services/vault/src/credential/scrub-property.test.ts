import { Readable } from 'node:stream'
import zlib from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createScrubber } from './scrub.ts'

/** An echo: the text it makes of a needle, and which part of that text must be gone. */
interface Echo {
  readonly text: string
  readonly from: number
  readonly end: number
}

type Echoer = (needle: Buffer, choices: readonly number[]) => Echo

const whole = (text: string): Echo => ({ text, from: 0, end: text.length })
const escapedByte = (byte: number, choice: number): string =>
  `%${byte.toString(16).padStart(2, '0')[choice % 2 ? 'toUpperCase' : 'toLowerCase']()}`

/** Base64 of the needle between `shift` bytes and `shift` bytes: the characters that hold bits of the needle only. */
const base64 =
  (encoding: 'base64' | 'base64url', shift: number): Echoer =>
  (needle) => {
    const text = Buffer.concat([Buffer.alloc(shift, '<'), needle, Buffer.alloc(shift, '>')]).toString(encoding)
    return { text, from: Math.ceil((8 * shift) / 6), end: Math.floor((8 * (shift + needle.length)) / 6) }
  }

/** The same within a text where the signs of base64 are escaped. */
const escapedBase64 =
  (shift: number, spell: (text: string) => string): Echoer =>
  (needle, choices) => {
    const { text, from, end } = base64('base64', shift)(needle, choices)
    const [before, inner, after] = [text.slice(0, from), text.slice(from, end), text.slice(end)].map(spell) as [string, string, string]
    return { text: before + inner + after, from: before.length, end: before.length + inner.length }
  }

const ECHOERS: Record<string, Echoer> = {
  raw: (needle) => whole(needle.toString('latin1')),
  base64: base64('base64', 0),
  'base64 after one byte': base64('base64', 1),
  'base64 after two bytes': base64('base64', 2),
  base64url: base64('base64url', 0),
  'base64url after one byte': base64('base64url', 1),
  'base64url after two bytes': base64('base64url', 2),
  'base64 in JSON with \\/': escapedBase64(1, (text) => text.replaceAll('/', '\\/')),
  'base64 in a query': escapedBase64(0, encodeURIComponent),
  hex: (needle) => whole(needle.toString('hex')),
  'upper-case hex': (needle) => whole(needle.toString('hex').toUpperCase()),
  'percent, all of it': (needle, choices) => whole([...needle].map((byte, i) => escapedByte(byte, choices[i] ?? 0)).join('')),
  'percent, some of it': (needle, choices) =>
    whole(
      [...needle]
        .map((byte, i) =>
          /[a-z0-9]/i.test(String.fromCharCode(byte)) && (choices[i] ?? 0) < 4
            ? String.fromCharCode(byte)
            : escapedByte(byte, choices[i] ?? 0),
        )
        .join(''),
    ),
  form: (needle) =>
    whole(
      [...needle]
        .map((byte) =>
          byte === 0x20 ? '+' : /[a-z0-9]/i.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : escapedByte(byte, 1),
        )
        .join(''),
    ),
  'JSON, as it must be': (needle) => whole(Buffer.from(JSON.stringify(needle.toString('utf8')).slice(1, -1)).toString('latin1')),
  'JSON with \\/': (needle) =>
    whole(Buffer.from(JSON.stringify(needle.toString('utf8')).slice(1, -1).replaceAll('/', '\\/')).toString('latin1')),
  'JSON, all \\u': (needle, choices) => whole(unicodeEscapes(needle.toString('utf8'), () => choices[0] ?? 0)),
  'JSON, some \\u': (needle, choices) => whole(unicodeEscapes(needle.toString('utf8'), (i) => ((choices[i] ?? 0) < 4 ? -1 : 1))),
  'JSON of what was read as ISO 8859-1': (needle) =>
    whole(Buffer.from(JSON.stringify(needle.toString('latin1')).slice(1, -1)).toString('latin1')),
}

function unicodeEscapes(text: string, choose: (i: number) => number): string {
  const units = Array.from({ length: text.length }, (_, i) => text.charCodeAt(i))
  const spelt = units.map((unit, i) => {
    const plain = unit < 0x80 && unit > 0x1f && unit !== 0x22 && unit !== 0x5c
    if (choose(i) < 0 && plain) return String.fromCharCode(unit)
    return `\\u${unit.toString(16).padStart(4, '0')[choose(i) % 2 ? 'toUpperCase' : 'toLowerCase']()}`
  })
  return spelt.join('')
}

const PACKERS: Record<string, (text: Buffer) => Buffer> = {
  identity: (text) => Buffer.from(text),
  gzip: (text) => zlib.gzipSync(text),
  deflate: (text) => zlib.deflateSync(text),
  'raw deflate': (text) => zlib.deflateRawSync(text),
  br: (text) => zlib.brotliCompressSync(text, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } }),
}

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1
    chunks.push(Buffer.from(bytes.subarray(at, at + size)))
    at += size
  }
  return chunks
}

/** Letters, signs that get escaped, and characters of two, three and four bytes; none of those that the noise is made of. */
const needleOf = fc.string({
  unit: fc.constantFrom(...'abcXYZ019-_', '"', '\\', '/', '+', '%', ' ', '&', '=', 'é', '€', '𝄞', '\t'),
  minLength: 4,
  maxLength: 40,
  size: 'max',
})
const noiseOf = fc.string({ unit: fc.constantFrom(...'{}[]<>:;,.\n!?~'), maxLength: 80, size: 'max' })

describe('scrubbing', () => {
  test('[B-4] 2,000 echoes in every form, packing and cut are gone, and nothing else is', async () => {
    const seen = new Set<string>()
    await fc.assert(
      fc.asyncProperty(
        needleOf,
        fc.constantFrom(...Object.keys(ECHOERS)),
        fc.constantFrom(...Object.keys(PACKERS)),
        fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 8 }),
        fc.tuple(noiseOf, noiseOf, fc.array(fc.nat(9), { minLength: 40, maxLength: 40 })),
        async (secret, form, packing, sizes, [before, after, choices]) => {
          seen.add(`${form} ${packing}`)
          const needle = Buffer.from(secret)
          const { text, from, end } = ECHOERS[form]?.(needle, choices) ?? whole('')
          const plain = Buffer.from(`${before}${text}${after}${text}`, 'latin1')
          const chunks = cut(PACKERS[packing]?.(plain) ?? plain, sizes)
          const scrubber = createScrubber([needle])
          const out: Buffer[] = []
          for await (const chunk of scrubber.body(packing.replace('raw ', ''), Readable.from(chunks))) out.push(chunk as Buffer)
          const masked = `${text.slice(0, from)}${'*'.repeat(end - from)}${text.slice(end)}`
          expect(Buffer.concat(out).toString('latin1')).toBe(`${before}${masked}${after}${masked}`)
        },
      ),
      { numRuns: 2_000 },
    )
    expect(seen.size).toBe(Object.keys(ECHOERS).length * Object.keys(PACKERS).length)
  })

  test('[B-4] overlapping needles and repeated ones are gone wherever the text is cut', async () => {
    const part = fc.string({ unit: fc.constantFrom(...'ab'), minLength: 4, maxLength: 9 })
    const size = fc.integer({ min: 1, max: 70 })
    await fc.assert(
      fc.asyncProperty(
        fc.array(part, { minLength: 1, maxLength: 3 }),
        fc.string({ unit: fc.constantFrom(...'ababc'), maxLength: 60, size: 'max' }),
        size,
        async (needles, text, step) => {
          const out: Buffer[] = []
          const scrubber = createScrubber(needles.map((needle) => Buffer.from(needle)))
          for await (const chunk of scrubber.body(undefined, Readable.from(cut(Buffer.from(text), [step])))) out.push(chunk as Buffer)
          expect(Buffer.concat(out).toString()).toBe(maskedByHand(text, needles))
        },
      ),
      { numRuns: 500 },
    )
  })
})

function maskedByHand(text: string, needles: readonly string[]): string {
  const hidden = new Set<number>()
  for (const needle of needles) {
    for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, at + 1))
      for (let i = 0; i < needle.length; i++) hidden.add(at + i)
  }
  return [...text].map((letter, i) => (hidden.has(i) ? '*' : letter)).join('')
}

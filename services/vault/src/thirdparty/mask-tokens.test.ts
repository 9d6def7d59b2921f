import { Readable } from 'node:stream'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { maskTokens } from './mask-tokens.ts'

const TOKEN = `EAA${'x'.repeat(60)}`

async function masked(text: string, cuts: readonly number[] = []): Promise<string> {
  const bytes = Buffer.from(text)
  const places = [0, ...cuts.map((cut) => cut % (bytes.byteLength + 1)).sort((a, b) => a - b), bytes.byteLength]
  const chunks = places.slice(1).map((place, i) => Buffer.from(bytes.subarray(places[i], place)))
  const out: Buffer[] = []
  for await (const chunk of Readable.from(chunks.filter((chunk) => chunk.byteLength > 0)).pipe(maskTokens('EAA'))) out.push(chunk as Buffer)
  return Buffer.concat(out).toString()
}

test('[S2-17] a token of the provider is overwritten, and all else stays byte by byte', async () => {
  const text = `{"data":[{"access_token":"${TOKEN}","id":"1"}],"x":"EAA","y":"notEAA${'x'.repeat(60)}","z":"ünïcode"}`
  expect(await masked(text)).toBe(text.replace(TOKEN, '*'.repeat(TOKEN.length)))
})

test('[S2-17] wherever its answer is cut', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(400), { maxLength: 12 }), fc.string({ maxLength: 40 }), async (cuts, noise) => {
      const text = `${noise}"${TOKEN}" ${noise} "EA" "EAAshort"`
      expect(await masked(text, cuts)).toBe(`${noise}"${'*'.repeat(TOKEN.length)}" ${noise} "EA" "EAAshort"`)
    }),
    { numRuns: 200 },
  )
})

test('[S2-17] a token at the very end of an answer too', async () => {
  expect(await masked(TOKEN, [3, 31, 40])).toBe('*'.repeat(TOKEN.length))
  expect(await masked('EAA', [1, 2])).toBe('EAA')
})

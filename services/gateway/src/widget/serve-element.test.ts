import { readdirSync, readFileSync } from 'node:fs'
import { brotliDecompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { bundleElement } from './serve-element.ts'

const file = bundleElement()
const text = file.source.toString()

test('[S3-10] the element is less than 15 kB as it travels', () => {
  expect(file.brotli.byteLength).toBeLessThan(15_000)
  expect(brotliDecompressSync(file.brotli).equals(file.source)).toBe(true)
})

test('[S3-10] the element is one module that asks for no other, with all of its parts', () => {
  expect(text).not.toMatch(/^(import|export) /m)
  expect(text).not.toMatch(/\bimport\(/)
  const folder = new URL('./element/', import.meta.url)
  const declared = readdirSync(folder)
    .filter((name) => name.endsWith('.js'))
    .flatMap((name) => {
      const exported = readFileSync(new URL(name, folder), 'utf8').matchAll(/^export (?:async )?(?:const|class|function) (\w+)/gm)
      return [...exported].map(([, word]) => word)
    })
  for (const name of declared) expect(text.match(new RegExp(`^(?:async )?(?:const|class|function) ${name}\\b`, 'gm')), name).toHaveLength(1)
  expect(() => new Function(text.replaceAll('import.meta', '({})'))).not.toThrow()
})

test('[S3-9] the element parses no HTML, evaluates nothing, and keeps nothing in the browser', () => {
  for (const word of [
    'innerHTML',
    'outerHTML',
    'insertAdjacentHTML',
    'document.write',
    'eval(',
    'localStorage',
    'sessionStorage',
    'document.cookie',
    '.style.',
    "'*'",
  ]) {
    expect(text.includes(word), word).toBe(false)
  }
})

test('the same bytes have the same name and the same integrity', () => {
  expect(bundleElement().name).toBe(file.name)
  expect(file.integrity).toMatch(/^sha384-[\w+/]{64}$/)
})

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { pagesOf, readDocs } from './read-docs.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'credence-docs-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function files(given: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(given)) writeFileSync(join(folder, name), text)
}

test('[C-8] pages come in the order of the index, with what it says of each', () => {
  files({
    'index.md': '# It\n\nKeeps things,\nwell.\n\n## Start\n\n- [Two](two.md): Second first.\n\n## Then\n\n- [One](one.md): The other.\n',
    'one.md': '# Page one\n',
    'two.md': '# Page two\n',
  })
  const docs = readDocs(folder)
  expect(docs.index.summary).toBe('Keeps things, well.')
  expect(docs.sections.map(({ heading }) => heading)).toEqual(['Start', 'Then'])
  expect(pagesOf(docs).map(({ slug, title, summary }) => [slug, title, summary])).toEqual([
    ['index', 'It', 'Keeps things, well.'],
    ['two', 'Page two', 'Second first.'],
    ['one', 'Page one', 'The other.'],
  ])
})

test('[C-8] a page that the index leaves out, or lists in vain, ends the start', () => {
  files({ 'index.md': '# It\n\n## Start\n', 'one.md': '# One\n' })
  expect(() => readDocs(folder)).toThrow('does not list one')
  files({ 'index.md': '# It\n\n## Start\n\n- [One](one.md): It.\n- [Two](two.md): It.\n' })
  expect(() => readDocs(folder)).toThrow('lists two.md')
})

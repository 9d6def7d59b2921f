import { expect, test } from 'vitest'
import { llmsFull, llmsTxt, sitemap } from './for-programs.ts'
import type { Docs } from './read-docs.ts'

const page = (slug: string, markdown: string) => ({ slug, title: `Of ${slug}`, summary: `About ${slug}.`, markdown })
const docs: Docs = {
  index: page('index', '# Of index\n\nSee [one](one.md).\n'),
  sections: [{ heading: 'Start', pages: [page('one', '# Of one\n\nBack to [it](index.md#x), or [away](https://example.com).\n')] }],
}
const placed = { docs, base: 'https://admin.example' }

test('[C-8] llms.txt has a title, a summary, and each page under the address of its Markdown', () => {
  expect(llmsTxt(placed)).toBe(
    `# Of index

> About index.

- [Of index](https://admin.example/docs/index.md): About index.

## Start

- [Of one](https://admin.example/docs/one.md): About one.
`,
  )
})

test('[C-8] llms-full.txt has every page whole, and its links can be followed from anywhere', () => {
  const full = llmsFull(placed)
  expect(full).toContain('Source: https://admin.example/docs/one\n\n# Of one')
  expect(full).toContain('[it](https://admin.example/docs/index.md#x), or [away](https://example.com)')
})

test('[C-8] the sitemap lists the address of each page', () => {
  const places = [...sitemap({ ...placed, base: 'https://a.example/?a&b' }).matchAll(/<loc>(.*?)<\/loc>/g)].map(([, place]) => place)
  expect(places).toEqual(['https://a.example/?a&amp;b/docs', 'https://a.example/?a&amp;b/docs/one'])
})

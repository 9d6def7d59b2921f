import { expect, test } from 'vitest'
import { renderMarkdown } from './markdown.ts'

const htmlOf = (markdown: string): string => renderMarkdown(markdown).html

test('[C-8] a link to a file leads to its page, and every other link where it says', () => {
  expect(htmlOf('[a](errors.md) [b](rest.md#keys) [c](index.md) [d](https://example.com/x.md)')).toBe(
    '<p><a href="/docs/errors">a</a> <a href="/docs/rest#keys">b</a> <a href="/docs">c</a> <a href="https://example.com/x.md">d</a></p>\n',
  )
  expect(htmlOf('at http://127.0.0.1:7401 it is')).not.toContain('<a')
})

test('[C-8] headings have the anchors that source forges give them, each once', () => {
  const { html, headings } = renderMarkdown("## `GET /v1/x`\n\n## What's new?\n\n## What's new?\n")
  expect(headings.map(({ anchor }) => anchor)).toEqual(['get-v1x', 'whats-new', 'whats-new-1'])
  expect(headings[0]?.text).toBe('GET /v1/x')
  for (const { anchor } of headings) expect(html).toContain(`id="${anchor}"`)
})

test('[C-8] HTML in a page stays text, comments go, and code is shown as it is', () => {
  expect(htmlOf('<script>alert(1)</script>')).not.toContain('<script')
  expect(htmlOf('a <img src=x onerror=alert(1)> b')).not.toContain('<img')
  expect(htmlOf('<!-- note -->\n\nafter')).toBe('<p>after</p>\n')
  expect(htmlOf('```ts\nconst a = b<c>("&")\n```')).toBe(
    '<pre tabindex="0" data-language="ts"><code>const a = b&lt;c&gt;(&quot;&amp;&quot;)</code></pre>\n',
  )
  expect(htmlOf('[x](javascript:alert(1) "t")')).not.toContain('href="javascript:')
})

test('[C-8] a table stands in a frame of its own, in which it can be moved', () => {
  expect(htmlOf('| a |\n|---|\n| b |\n')).toMatch(/^<div class="table" tabindex="0"><table>[\s\S]*<\/table>\n?<\/div>/)
})

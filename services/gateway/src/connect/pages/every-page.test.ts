import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { EVERY_PAGE } from './test/every-page.ts'
import { opened, type Tag, tagsOf, textOf, wordsOf } from './test/read-page.ts'

const HOSTILE = `"><script>alert(1)</script><img src=x onerror=alert(2)>' onfocus='alert(3)&amp;`
const ASSETS = new Set(readdirSync(new URL('./assets/', import.meta.url)).map((name) => `/assets/${name}`))
const same = (text: string): string => text

describe.each(EVERY_PAGE)('$name', ({ render }) => {
  const page = render(same)
  const tags = tagsOf(page)
  const ids = tags.flatMap(({ attributes }) => attributes.get('id') ?? [])

  test('[S1-4] hostile names, labels and values stay text and make no tag', () => {
    const attacked = render((text) => text + HOSTILE)
    const shape = (all: readonly Tag[]): string[] =>
      all.map(({ name, closing, attributes }) => `${closing}${name} ${[...attributes.keys()]}`)
    expect(shape(tagsOf(attacked))).toEqual(shape(tags))
    expect(wordsOf(attacked)).toContain(HOSTILE)
  })

  test('[S2-7] nothing is inline, so that the content policy needs no exception', () => {
    for (const { name, attributes, text } of tags.filter(({ closing }) => !closing)) {
      expect(name).not.toBe('style')
      if (name === 'script') expect([ASSETS.has(attributes.get('src') ?? ''), text.trim()]).toEqual([true, ''])
      if (name === 'link') expect(ASSETS).toContain(attributes.get('href'))
      for (const attribute of attributes.keys()) expect(attribute).not.toMatch(/^(on.*|style|srcdoc)$/)
      expect(attributes.get('href') ?? '').not.toMatch(/^\s*(javascript|data):/i)
    }
  })

  test('every input has one label and every reference leads somewhere', () => {
    expect(new Set(ids).size).toBe(ids.length)
    for (const { attributes } of opened(page, 'input')) {
      if (attributes.get('type') === 'hidden') continue
      const labels = opened(page, 'label').filter((label) => label.attributes.get('for') === attributes.get('id'))
      expect(labels).toHaveLength(1)
    }
    for (const { attributes } of tags) {
      const references = ['aria-describedby', 'aria-labelledby', 'for', 'form', 'data-reveal', 'data-copy']
      for (const name of references) for (const id of attributes.get(name)?.split(' ') ?? []) expect(ids).toContain(id)
    }
  })

  test('a reader finds language, title, one main and headings in order', () => {
    expect(opened(page, 'html')[0]?.attributes.get('lang')).toBe('en')
    expect(opened(page, 'title')[0]?.text.trim()).not.toBe('')
    expect(opened(page, 'main')).toHaveLength(1)
    const levels = tags.filter(({ name, closing }) => /^h\d$/.test(name) && !closing).map(({ name }) => Number(name[1]))
    expect(levels.filter((level) => level === 1)).toEqual([1])
    for (const [at, level] of levels.entries()) expect(level).toBeLessThanOrEqual((levels[at - 1] ?? 0) + 1)
    for (const { attributes } of opened(page, 'svg')) expect(attributes.get('aria-hidden')).toBe('true')
  })

  test('every form posts with the hidden input of this browser', () => {
    const forms = page.split('<form').slice(1)
    for (const form of forms) {
      expect(form).toMatch(/^[^>]* method="post"/)
      expect(textOf(form.slice(0, form.indexOf('</form>')))).toContain('type="hidden" name="csrf"')
    }
  })
})

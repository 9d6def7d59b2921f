import { expect, test } from 'vitest'
import { headerProblem } from './header-name.ts'
import { pointerTo } from './pointer.ts'
import { fieldsIn, parseTemplate } from './template.ts'

test('a template is text and fields in their order', () => {
  expect(parseTemplate('a{{b}}{{c-d}}e')).toEqual([{ literal: 'a' }, { field: 'b' }, { field: 'c-d' }, { literal: 'e' }])
  expect(parseTemplate('')).toEqual([])
  expect(fieldsIn(parseTemplate('{{b}}-{{b}}-{{a}}') ?? [])).toEqual(['b', 'a'])
})

test.each(['{', '}', '{{}}', '{{ a }}', '{{1a}}', '{{a}', '{{{a}}}', '{{a.b}}', `{{${'a'.repeat(65)}}}`])('%j is no template', (text) => {
  expect(parseTemplate(text)).toBeUndefined()
})

test('a pointer escapes its segments and cuts what is too long to show', () => {
  expect(pointerTo('/a', 'b/c', '~', 0)).toBe('/a/b~1c/~0/0')
  expect(pointerTo('', 'x'.repeat(100))).toBe(`/${'x'.repeat(64)}…`)
})

test('headers of the connection are refused in any case, others are not', () => {
  expect(
    ['HOST', 'Proxy-Foo', 'sec-fetch-site', 'Trailer', 'x-forwarded-host'].map((name) => headerProblem(name) === undefined),
  ).not.toContain(true)
  expect(['X-Host', 'Accept', 'User-Agent', 'Authorization', 'Cookies', 'Tea'].map(headerProblem)).toEqual(Array(6).fill(undefined))
  expect(headerProblem('cookie')).toContain('auth_cookie_key')
})

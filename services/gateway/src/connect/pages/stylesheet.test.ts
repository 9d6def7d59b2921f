import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { TONES } from './monogram.ts'
import { EVERY_PAGE } from './test/every-page.ts'
import { tagsOf } from './test/read-page.ts'

const css = ['style', 'console'].map((name) => readFileSync(new URL(`./assets/${name}.css`, import.meta.url), 'utf8')).join('\n')
const [light = '', dark = ''] = [...css.matchAll(/:root \{([^}]*)\}/g)].map(([, body]) => body ?? '')

function colour(scheme: string, name: string): string {
  const [, hex] = new RegExp(`--${name}: (#[0-9a-f]{6});`).exec(scheme) ?? []
  if (hex === undefined) throw new TypeError(`no colour ${name}`)
  return hex
}

/** WCAG 2.2, relative luminance. */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(one: string, other: string): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (high + 0.05) / (low + 0.05)
}

describe.each([
  ['light', light],
  ['dark', dark],
])('%s', (_name, scheme) => {
  test.each([
    ...['ground', 'surface', 'sunken'].flatMap((under) => [
      ['text', under] as const,
      ['muted', under] as const,
      ['accent', under] as const,
    ]),
    ...['good', 'warn', 'bad', 'quiet'].map((tone) => [tone, `${tone}-ground`] as const),
    ['on-accent', 'accent'] as const,
    ['on-accent', 'accent-over'] as const,
    ['bad', 'surface'] as const,
  ])('text in %s on %s reaches 4.5:1', (over, under) => {
    expect(contrast(colour(scheme, over), colour(scheme, under))).toBeGreaterThanOrEqual(4.5)
  })

  test('the edges of inputs and buttons reach 3:1', () => {
    expect(contrast(colour(scheme, 'control'), colour(scheme, 'surface'))).toBeGreaterThanOrEqual(3)
  })
})

test('a letter is readable on every colour of a monogram', () => {
  for (let tone = 0; tone < TONES; tone++) {
    const [, hex = '#ffffff'] = new RegExp(`\\.tone-${tone} \\{ background: (#[0-9a-f]{6});`).exec(css) ?? []
    expect(contrast(hex, '#ffffff')).toBeGreaterThanOrEqual(4.5)
  }
})

test('nothing is loaded from elsewhere, and every class of a page is drawn', () => {
  expect(css).not.toMatch(/url\(|@import/)
  const classes = new Set(
    EVERY_PAGE.flatMap(({ render }) => tagsOf(render((text) => text))).flatMap(
      ({ attributes }) => attributes.get('class')?.split(' ') ?? [],
    ),
  )
  expect([...classes].filter((name) => !css.includes(`.${name} `) && !new RegExp(`\\.${name}[^\\w-]`).test(css))).toEqual([])
})

import { html } from 'hono/html'
import type { Markup } from './markup.ts'

/** So many `.tone-…` classes are in the stylesheet: colours come from there, because the content policy allows no `style`. */
export const TONES = 10

/** A name as one coloured letter, the same at every visit. Beside it stands the whole name. */
export function monogram(name: string): Markup {
  return html`<span class="monogram tone-${toneOf(name)}" aria-hidden="true">${initialOf(name)}</span>`
}

/** FNV-1a: neighbours in the alphabet get colours that are far apart. */
export function toneOf(name: string): number {
  let hash = 0x811c9dc5
  for (const char of name.trim().toLowerCase()) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193)
  return (hash >>> 0) % TONES
}

/** The first letter or digit; a dot for a name that has none. */
export function initialOf(name: string): string {
  const [first = '•'] = /[\p{L}\p{N}]/u.exec(name) ?? []
  return first.toLocaleUpperCase('en')
}

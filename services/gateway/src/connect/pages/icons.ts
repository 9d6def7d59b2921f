import { html } from 'hono/html'
import type { Markup } from './markup.ts'

/** Line drawings of 20 × 20 in the colour of the text. Each stands beside words that say the same, so readers skip it. */
const PATHS = {
  check: 'M4.5 10.5l3.5 3.5 7.5-8',
  cross: 'M5.5 5.5l9 9m0-9l-9 9',
  warn: 'M10 3.2l7.3 13H2.7zM10 8.2v3.6m0 2.2v.2',
  lock: 'M5 9h10v7.5H5zM7 9V6.5a3 3 0 0 1 6 0V9',
  leave: 'M8.5 4.5h-4v11h11v-4M11.5 4.5h4v4M15.5 4.5l-6.5 6.5',
  key: 'M12.8 11.2a3.9 3.9 0 1 0-3.6-3.6L3.5 13.3v3.2h3.2v-2h2v-2z',
  clock: 'M10 3a7 7 0 1 0 0 14 7 7 0 1 0 0-14M10 6v4.3l2.8 1.7',
  pause: 'M7.2 5v10M12.8 5v10',
  info: 'M10 3a7 7 0 1 0 0 14 7 7 0 1 0 0-14M10 9.2v4M10 6.6v.2',
  person: 'M10 9.5a3 3 0 1 0 0-6 3 3 0 1 0 0 6M4 16.5c.6-3 3-4.5 6-4.5s5.4 1.5 6 4.5',
  none: 'M5 10h10',
  search: 'M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 1 0 0-11M13 13l4 4',
  list: 'M7.5 5.5h9M7.5 10h9M7.5 14.5h9M3.5 5.5h.2M3.5 10h.2M3.5 14.5h.2',
} as const

export type IconName = keyof typeof PATHS

export function icon(name: IconName): Markup {
  return html`<svg class="icon" viewBox="0 0 20 20" width="20" height="20" fill="none" stroke="currentColor" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false"><path d="${PATHS[name]}"/></svg>`
}

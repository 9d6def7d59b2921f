import { html } from 'hono/html'
import type { Markup } from './markup.ts'

const DAY = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })
const TIME = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short', timeZone: 'UTC' })

/** A point in time in UTC; `page.js` turns it into the visitor's own time. */
export function moment(at: Date, show: 'day' | 'time' = 'day'): Markup {
  return html`<time datetime="${at.toISOString()}" data-show="${show}">${(show === 'day' ? DAY : TIME).format(at)} UTC</time>`
}

import { html } from 'hono/html'
import type { Markup } from '../../connect/pages/markup.ts'

/** Something to be entered elsewhere letter by letter. */
export function copyBox({ id, value, label }: { readonly id: string; readonly value: string; readonly label: string }): Markup {
  return html`<div class="copy-box"><code id="${id}" data-code="${value}">${value}</code><button type="button" class="button" data-copy="${id}" hidden>Copy<span class="unseen"> – ${label}</span></button></div>`
}

import { html } from 'hono/html'

/** Finished HTML: what `html` makes from a template, with every interpolated string escaped. Nothing here marks a string as finished. */
export type Markup = ReturnType<typeof html>

export const NOTHING: Markup = html``

/** A sentence that another service wrote, for programs too: what stands between backticks is shown as code. */
export function told(sentence: string): Markup {
  return html`${sentence.split('`').map((part, at) => (at % 2 === 1 ? html`<code>${part}</code>` : part))}`
}

/** An attribute that stands only when it has a value. `name` is ours, `value` may be anybody's. */
export function attribute(name: string, value: string | undefined): Markup {
  return value === undefined || value === '' ? NOTHING : html` ${name}="${value}"`
}

/** A boolean attribute (HTML Standard §2.3.2). */
export function flag(name: string, on: boolean): Markup {
  return on ? html` ${name}` : NOTHING
}

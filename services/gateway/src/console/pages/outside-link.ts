import { html } from 'hono/html'
import { icon } from '../../connect/pages/icons.ts'
import type { Markup } from '../../connect/pages/markup.ts'

/** A page of somebody else's, by its address: the person sees where it leads. Other schemes than those of the web are no link. */
export function outsideLink(url: string): Markup {
  const address = URL.parse(url)
  if (address === null || !/^https?:$/.test(address.protocol)) return html`${url}`
  const path = address.pathname === '/' ? '' : address.pathname
  return html`<a href="${address.href}" target="_blank" rel="noopener noreferrer">${address.host}${path}${icon('leave')}<span class="unseen"> (new window)</span></a>`
}

import { html } from 'hono/html'
import type { SessionFrame } from '../views.ts'
import { hiddenInputs } from './actions.ts'
import { type IconName, icon } from './icons.ts'
import { layout, type Page } from './layout.ts'
import { type Markup, NOTHING } from './markup.ts'
import { moment } from './moment.ts'
import { monogram } from './monogram.ts'

/** A page inside a session: who asks for what on top, the way out below. */
export interface SessionPage extends Pick<Page, 'popUp' | 'listens' | 'refreshSeconds'> {
  readonly heading: string
  /** Under the heading. */
  readonly lead: Markup
  readonly body: Markup
  /** Something was wrong with what was sent: said in the title, which is read out first. */
  readonly wrong?: boolean
  readonly stays?: readonly string[]
  readonly arrived?: boolean
  readonly closes?: boolean
  /** False when there is nothing left to cancel. */
  readonly cancel?: boolean
}

export function sessionPage(view: SessionFrame, page: SessionPage): string {
  const { heading, lead, body, wrong, stays, arrived, closes, cancel = true, ...rest } = page
  return layout({
    ...rest,
    title: `${wrong === true ? 'Error: ' : ''}${heading} – ${view.asks}`,
    following: {
      sessionId: view.sessionId,
      stateUrl: view.stateUrl,
      ...(stays === undefined ? {} : { stays }),
      ...(arrived === undefined ? {} : { arrived }),
      ...(closes === undefined ? {} : { closes }),
    },
    main: html`<div class="pair">${monogram(view.asks)}<span class="thread" aria-hidden="true"></span>${monogram(view.provider.name)}</div>
      <h1>${heading}</h1>
      <p class="lead">${lead}</p>
      ${body}`,
    footer: cancel ? wayOut(view) : NOTHING,
  })
}

/** The heading of the pages that ask for something. */
export function askingFor({ provider, reconnect }: SessionFrame): string {
  return `${reconnect === undefined ? 'Connect' : 'Reconnect'} ${provider.name}`
}

/** Who asks for what. */
export function whoAsks({ asks, provider, reconnect }: SessionFrame): Markup {
  if (reconnect === undefined) return html`<strong>${asks}</strong> asks for access to your <strong>${provider.name}</strong> account.`
  const named = reconnect.label === '' ? NOTHING : html` “${reconnect.label}”`
  const before = reconnect.account === undefined ? NOTHING : html` Before, it was connected as <strong>${reconnect.account}</strong>.`
  return html`<strong>${asks}</strong> asks you to renew your <strong>${provider.name}</strong> connection${named}.${before}`
}

/** What happens to what the person gives, in a few lines. */
export function promises(lines: readonly (readonly [IconName, Markup])[]): Markup {
  return html`<ul class="promises">${lines.map(([drawing, line]) => html`<li>${icon(drawing)}<span>${line}</span></li>`)}</ul>`
}

/** Where calls go. A host with a field in it is not known before the form is filled. */
export function placeOfCalls({ provider }: SessionFrame): Markup {
  return provider.host === '' || provider.host.includes('{') ? html`the address that you give` : html`<b>${provider.host}</b>`
}

/** The provider's own pages; other schemes than those of the web are no link. */
export function docsLink({ provider }: SessionFrame): Markup {
  if (provider.docs === undefined || !/^https?:\/\//i.test(provider.docs)) return NOTHING
  return html`<p class="aside"><a href="${provider.docs}" target="_blank" rel="noopener noreferrer">Help from ${provider.name}${icon('leave')}<span class="unseen"> (new window)</span></a></p>`
}

function wayOut({ cancelAction, csrf, expiresAt }: SessionFrame): Markup {
  return html`<form method="post" action="${cancelAction}">${hiddenInputs({ csrf })}<button class="plain">Cancel</button></form>
      <p>Valid until ${moment(expiresAt, 'time')}</p>`
}

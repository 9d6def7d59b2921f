import { html } from 'hono/html'
import type { WaitingView } from '../views.ts'
import { sessionPage } from './session-page.ts'

/** Without scripts nobody else notices that the check is over. */
const LOOK_AGAIN_SECONDS = 3

export function renderWaiting(view: WaitingView): string {
  const { provider, againUrl } = view
  if (view.phase === 'checking') {
    return sessionPage(view, {
      heading: 'Checking the connection',
      lead: html`One call to <strong>${provider.name}</strong> shows whether it works. This takes a few seconds.`,
      stays: [view.phase],
      arrived: true,
      refreshSeconds: LOOK_AGAIN_SECONDS,
      cancel: false,
      body: html`<div class="spinner" aria-hidden="true"></div>
      <noscript><p class="aside"><a href="${againUrl}">Look again</a></p></noscript>`,
    })
  }
  return sessionPage(view, {
    heading: `Sign in at ${provider.name}`,
    lead: html`Finish in the window of <strong>${provider.name}</strong>. This page goes on by itself.`,
    stays: [view.phase],
    body: html`<div class="spinner" aria-hidden="true"></div>
      <h2>Is the window closed?</h2>
      <p>Nothing is lost: start the sign-in again.</p>
      <div class="actions"><a class="button primary" href="${againUrl}">Start again</a></div>`,
  })
}

import { html } from 'hono/html'
import type { EndView } from '../views.ts'
import { layout, type Markup } from './layout.ts'

export function renderEnd(view: EndView): string {
  const account = view.account === undefined ? '' : ` as ${view.account}`
  const unverified = view.unverified ? html`<p>It could not be checked yet.</p>` : ''
  const title = view.kind === 'done' ? `${view.provider.name} is connected` : 'One more step'
  const body = html`<p>You signed in to ${view.provider.name}${account}.</p>${unverified}${step(view)}`
  return layout({ title, body, sessionId: view.sessionId, stateUrl: view.stateUrl })
}

function step(view: EndView): Markup {
  switch (view.kind) {
    case 'host':
      return html`<p><a id="continue" href="${view.continueUrl}">Continue to ${view.asks}</a></p>`
    case 'code':
      return html`<p>Send these six digits back in the conversation:</p><p><output id="digits">${view.digits}</output></p>`
    case 'done':
      return view.returnUrl === undefined
        ? html`<p>You can close this window.</p>`
        : html`<p><a id="continue" href="${view.returnUrl}">Back to ${view.asks}</a></p>`
  }
}

import { html } from 'hono/html'
import type { WaitingView } from '../views.ts'
import { layout } from './layout.ts'

export function renderWaiting(view: WaitingView): string {
  const sentence = view.phase === 'at_provider' ? `Sign in at ${view.provider.name} in the other window.` : 'Checking the connection.'
  const body = html`<p>${sentence}</p><p><a href="${view.againUrl}">Start again</a></p>`
  return layout({ title: `Connect ${view.provider.name}`, body, sessionId: view.sessionId, stateUrl: view.stateUrl })
}

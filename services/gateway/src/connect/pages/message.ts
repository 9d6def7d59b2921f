import { html } from 'hono/html'
import type { ElsewhereView, FailedView, MessageView } from '../views.ts'
import { actionList, layout } from './layout.ts'

export function renderMessage(view: MessageView): string {
  const body = html`${view.sentences.map((sentence) => html`<p>${sentence}</p>`)}${actionList(view.actions)}`
  return layout({ title: view.title, body, ...(view.sessionId === undefined ? {} : { sessionId: view.sessionId }) })
}

export function renderFailed(view: FailedView): string {
  const body = html`<p role="alert">${view.sentence}</p>${actionList(view.actions)}<p><small>${view.code}</small></p>`
  return layout({ title: view.title, body, ...(view.sessionId === undefined ? {} : { sessionId: view.sessionId }) })
}

export function renderElsewhere(view: ElsewhereView): string {
  return layout({ title: view.title, body: html`<p>${view.sentence}</p>` })
}

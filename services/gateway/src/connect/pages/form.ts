import { html } from 'hono/html'
import type { FormView } from '../views.ts'
import { fieldList } from './fields.ts'
import { layout } from './layout.ts'

export function renderForm(view: FormView): string {
  const body = html`<p>${view.asks} asks you to connect ${view.provider.name}. ${view.pattern.description ?? ''}</p>
    ${view.problem === undefined ? '' : html`<p role="alert">${view.problem}</p>`}
    <form method="post" action="${view.action}">
      <input type="hidden" name="csrf" value="${view.csrf}">
      ${fieldList(view.fields)}
      <button>Connect</button>
    </form>
    ${view.backUrl === undefined ? '' : html`<p><a href="${view.backUrl}">Back</a></p>`}`
  return layout({ title: `Connect ${view.provider.name}`, body, sessionId: view.sessionId })
}

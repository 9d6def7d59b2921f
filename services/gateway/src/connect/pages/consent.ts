import { html } from 'hono/html'
import type { ConsentView } from '../views.ts'
import { fieldList } from './fields.ts'
import { layout } from './layout.ts'

export function renderConsent(view: ConsentView): string {
  const body = html`<p>${view.asks} asks for access to your ${view.provider.name} account.</p>
    ${view.problem === undefined ? '' : html`<p role="alert">${view.problem}</p>`}
    <form method="post" action="${view.action}">
      <input type="hidden" name="csrf" value="${view.csrf}">
      ${fieldList(view.fields)}
      ${view.scopes.map(
        (scope) => html`<p><label>
          <input type="checkbox" name="scope" value="${scope.scope}" ${scope.ticked ? 'checked' : ''} ${scope.required ? 'disabled' : ''}>
          ${scope.name}</label> ${scope.description ?? ''}</p>`,
      )}
      <button>Continue to ${view.signInHost}</button>
    </form>
    ${view.backUrl === undefined ? '' : html`<p><a href="${view.backUrl}">Back</a></p>`}`
  return layout({ title: `Connect ${view.provider.name}`, body, sessionId: view.sessionId, stateUrl: view.stateUrl })
}

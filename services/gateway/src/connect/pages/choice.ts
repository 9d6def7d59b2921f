import { html } from 'hono/html'
import type { ChoiceView } from '../views.ts'
import { layout } from './layout.ts'

export function renderChoice(view: ChoiceView): string {
  const body = html`<p>${view.asks} asks you to connect ${view.provider.name}.</p>
    <form method="post" action="${view.action}">
      <input type="hidden" name="csrf" value="${view.csrf}">
      ${view.patterns.map(
        (pattern, i) => html`<p><label>
          <input type="radio" name="pattern" value="${pattern.index}" required ${i === 0 ? 'checked' : ''}>
          ${pattern.title}</label> ${pattern.description ?? ''}</p>`,
      )}
      <button>Continue</button>
    </form>`
  return layout({ title: `Connect ${view.provider.name}`, body, sessionId: view.sessionId })
}

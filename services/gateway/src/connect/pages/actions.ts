import { html } from 'hono/html'
import type { PageAction } from '../views.ts'
import { type Markup, NOTHING } from './markup.ts'

/** The buttons of a page: links, and forms that post. The one that leads on stands first. */
export function actionList(actions: readonly PageAction[]): Markup {
  if (actions.length === 0) return NOTHING
  const inOrder = [...actions.filter((action) => action.primary), ...actions.filter((action) => !action.primary)]
  return html`<div class="actions">${inOrder.map(actionButton)}</div>`
}

export function actionButton(action: PageAction): Markup {
  const look = action.primary ? 'button primary' : 'button'
  if (action.kind === 'link') return html`<a class="${look}" href="${action.href}">${action.label}</a>`
  return html`<form method="post" action="${action.action}">${hiddenInputs(action.inputs)}<button class="${look}">${action.label}</button></form>`
}

export function hiddenInputs(inputs: Readonly<Record<string, string>>): Markup {
  return html`${Object.entries(inputs).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}`
}

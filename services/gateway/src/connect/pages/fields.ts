import { html } from 'hono/html'
import type { FieldView } from '../views.ts'
import type { Markup } from './layout.ts'

/** The inputs of a form. A secret input has neither value nor autocomplete. */
export function fieldList(fields: readonly FieldView[]): Markup {
  return html`${fields.map(
    (field) => html`<p>
      <label>${field.label}
        <input name="${field.name}" type="${field.inputType}" value="${field.value ?? ''}"
          autocomplete="${field.secret ? 'off' : 'on'}" ${field.required ? 'required' : ''}>
      </label>
      ${field.hint === undefined ? '' : html`<small>${field.hint}</small>`}
      ${field.problem === undefined ? '' : html`<strong role="alert">${field.problem}</strong>`}
    </p>`,
  )}`
}

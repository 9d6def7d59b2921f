import { html } from 'hono/html'
import type { FieldView } from '../views.ts'
import { icon } from './icons.ts'
import { attribute, flag, type Markup, NOTHING, told } from './markup.ts'

/** The id of the sentence above the form, which the field that is asked for again refers to. */
export const PROBLEM_ID = 'problem'

/**
 * The inputs of a form. The first field with a problem has the focus; when only the whole was refused, the first one that is
 * empty again because it is secret.
 */
export function fieldList(fields: readonly FieldView[], problem?: string): Markup {
  const wrong = fields.findIndex((field) => field.problem !== undefined)
  const focus = wrong >= 0 || problem === undefined ? wrong : Math.max(fields.findIndex(isSealed), fields.length > 0 ? 0 : -1)
  return html`${fields.map((field, at) =>
    fieldRow(field, { id: `field-${at}`, focus: at === focus, about: at === focus && problem !== undefined ? PROBLEM_ID : undefined }),
  )}`
}

/** Why the last try failed. */
export function problemNotice(problem: string | undefined): Markup {
  if (problem === undefined) return NOTHING
  return html`<div class="notice bad" role="alert" id="${PROBLEM_ID}">${icon('warn')}<p>${told(problem)}</p></div>`
}

interface Place {
  readonly id: string
  readonly focus: boolean
  /** Id of a sentence elsewhere that is about this field. */
  readonly about: string | undefined
}

function fieldRow(field: FieldView, { id, focus, about }: Place): Markup {
  const [hint, wrong] = [`${id}-hint`, `${id}-wrong`]
  const describedBy = [about, field.hint && hint, field.problem && wrong].filter((one) => one !== undefined && one !== '').join(' ')
  const input = html`<input id="${id}" name="${field.name}"${kindOf(field)}${attribute('value', isSealed(field) ? undefined : field.value)}${flag('required', field.required)}${attribute('aria-describedby', describedBy)}${attribute('aria-invalid', field.problem === undefined ? undefined : 'true')}${flag('autofocus', focus)}>`
  return html`<div class="field">
        <label for="${id}">${field.label}${isSealed(field) ? html`<span class="sealed">${icon('lock')}<span class="unseen"> (secret)</span></span>` : NOTHING}${
          field.required ? NOTHING : html` <span class="optional">optional</span>`
        }</label>
        ${field.hint ? html`<p class="hint" id="${hint}">${field.hint}</p>` : NOTHING}
        ${field.inputType === 'password' ? withReveal(input, { id, label: field.label }) : input}
        ${field.problem ? html`<p class="wrong" id="${wrong}">${icon('warn')}<span>${told(field.problem)}</span></p>` : NOTHING}
      </div>`
}

/** The button works with a script only, which is what unhides it. */
function withReveal(input: Markup, { id, label }: { readonly id: string; readonly label: string }): Markup {
  return html`<div class="masked">${input}<button type="button" class="reveal" data-reveal="${id}" hidden><span>Show</span><span class="unseen"> ${label}</span></button></div>`
}

/** A password is sealed too: it has no value even if somebody declared it plain. */
function isSealed(field: FieldView): boolean {
  return field.secret || field.inputType === 'password'
}

/**
 * Type and keyboard. Addresses are typed as text: browsers refuse `acme.example` in `type=url`, and a host is all that many
 * providers want. Secrets are no words, and belong in nobody's form history or password list.
 */
function kindOf(field: FieldView): Markup {
  const [type, mode] = KINDS[field.inputType]
  const step = field.inputType === 'number' ? html` step="any"` : NOTHING
  const asTyped =
    isSealed(field) || field.inputType !== 'text' ? html` autocapitalize="none" autocorrect="off" spellcheck="false"` : NOTHING
  const history = field.inputType === 'password' ? 'new-password' : isSealed(field) ? 'off' : field.inputType === 'email' ? 'email' : 'on'
  const managers = isSealed(field) ? html` data-1p-ignore data-bwignore data-lpignore="true"` : NOTHING
  return html` type="${type}"${step}${attribute('inputmode', mode)} autocomplete="${history}"${asTyped}${managers}`
}

const KINDS: Readonly<Record<FieldView['inputType'], readonly [type: string, mode?: string]>> = {
  text: ['text'],
  password: ['password'],
  email: ['email', 'email'],
  url: ['text', 'url'],
  number: ['number', 'decimal'],
}

import { html } from 'hono/html'
import type { ConsentView, ScopeView } from '../views.ts'
import { hiddenInputs } from './actions.ts'
import { fieldList, problemNotice } from './fields.ts'
import { backLink, patternHead } from './form.ts'
import { type IconName, icon } from './icons.ts'
import { flag, type Markup, NOTHING } from './markup.ts'
import { BLOCKED, FORM, outside, signInAt } from './pop-up-form.ts'
import { askingFor, docsLink, placeOfCalls, promises, sessionPage, whoAsks } from './session-page.ts'

export function renderConsent(view: ConsentView): string {
  return sessionPage(view, {
    heading: askingFor(view),
    lead: whoAsks(view),
    wrong: view.problem !== undefined || view.fields.some((field) => field.problem !== undefined),
    ...(view.device === true ? {} : { popUp: true }),
    body: html`${problemNotice(view.problem)}
      <div id="asking">
        <form method="post" action="${view.action}" id="${FORM}"${view.device === true ? NOTHING : html` data-pop-up="yes"`}>
          ${hiddenInputs({ csrf: view.csrf })}
          ${patternHead(view)}
          ${fieldList(view.fields, view.problem)}
          ${scopeList(view)}
          <div class="actions"><button class="button primary">${view.device === true ? 'Show the code' : html`Continue to ${signInAt(view)}${icon('leave')}`}</button>${backLink(view.backUrl)}</div>
          ${BLOCKED}
        </form>
        ${docsLink(view)}
        ${promises(whatHappens(view))}
      </div>
      ${view.device === true ? NOTHING : outside(view)}`,
  })
}

function scopeList({ asks, scopes }: ConsentView): Markup {
  if (scopes.length === 0) return NOTHING
  const fixed = scopes.some((scope) => scope.required)
  return html`<fieldset>
            <legend>What ${asks} may do</legend>
            ${fixed ? html`<p class="hint">Permissions marked “required” are needed: without them it does not work.</p>` : NOTHING}
            <div class="scopes">${scopes.map((scope, at) => scopeRow(scope, `scope-${at}`))}</div>
          </fieldset>`
}

/** A box that cannot be unticked is not sent; the server adds what is required in any case. */
function scopeRow({ scope, name, description, required, ticked }: ScopeView, id: string): Markup {
  return html`<label class="scope" for="${id}">
              <input type="checkbox" id="${id}" name="scope" value="${scope}"${flag('checked', ticked || required)}${flag('disabled', required)} aria-describedby="${id}-about">
              <span class="choice-text"><span class="choice-title">${name}</span>
                <span class="hint" id="${id}-about">${description ? html`${description} ` : NOTHING}${
                  name === scope ? NOTHING : html`<code>${scope}</code>`
                }${required ? html`<span class="unseen"> Required, cannot be unticked.</span>` : NOTHING}</span></span>
              ${required ? html`<span class="chip" aria-hidden="true">required</span>` : NOTHING}
            </label>`
}

function whatHappens(view: ConsentView): (readonly [IconName, Markup])[] {
  return [
    ['person', html`You sign in at <b>${signInAt(view)}</b>. Your password stays there.`],
    [
      'lock',
      html`${view.provider.name} then hands over a key. It is stored encrypted: <strong>nobody can read it again</strong>, not even ${view.asks}. It is used only for calls to ${placeOfCalls(view)}.`,
    ],
  ]
}

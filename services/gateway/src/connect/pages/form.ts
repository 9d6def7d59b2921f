import { html } from 'hono/html'
import type { FormView } from '../views.ts'
import { hiddenInputs } from './actions.ts'
import { fieldList, problemNotice } from './fields.ts'
import type { IconName } from './icons.ts'
import { type Markup, NOTHING } from './markup.ts'
import { askingFor, docsLink, placeOfCalls, promises, sessionPage, whoAsks } from './session-page.ts'

export function renderForm(view: FormView): string {
  const empty = view.fields.length === 0
  return sessionPage(view, {
    heading: askingFor(view),
    lead: whoAsks(view),
    wrong: view.problem !== undefined || view.fields.some((field) => field.problem !== undefined),
    body: html`${problemNotice(view.problem)}
      <form method="post" action="${view.action}" data-busy="Checking with ${view.provider.name}…">
        ${hiddenInputs({ csrf: view.csrf })}
        ${patternHead(view)}
        ${fieldList(view.fields, view.problem)}
        ${empty ? html`<p>There is nothing to fill in.</p>` : NOTHING}
        <div class="actions"><button class="button primary">${view.reconnect === undefined ? 'Connect' : 'Reconnect'}</button>${backLink(view.backUrl)}</div>
      </form>
      ${docsLink(view)}
      ${view.fields.some((field) => field.secret) ? promises(whatIsKept(view)) : NOTHING}`,
  })
}

/** Which of several ways this is. */
export function patternHead({ pattern }: Pick<FormView, 'pattern'>): Markup {
  return html`<h2>${pattern.title}</h2>${pattern.description === undefined ? NOTHING : html`<p class="hint">${pattern.description}</p>`}`
}

export function backLink(url: string | undefined): Markup {
  return url === undefined ? NOTHING : html`<a class="button" href="${url}">Connect in another way</a>`
}

function whatIsKept(view: FormView): (readonly [IconName, Markup])[] {
  return [
    ['lock', html`Secrets are encrypted the moment you send them. <strong>Nobody can read them again</strong>, not even ${view.asks}.`],
    [
      'check',
      html`They are ${view.unchecked === true ? NOTHING : 'checked with one call now, and then '}used only for calls to ${placeOfCalls(view)}.`,
    ],
  ]
}

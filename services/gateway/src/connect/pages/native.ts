import { html } from 'hono/html'
import type { NativeView } from '../views.ts'
import { hiddenInputs } from './actions.ts'
import { fieldList, problemNotice } from './fields.ts'
import { backLink, patternHead } from './form.ts'
import { type IconName, icon } from './icons.ts'
import { attribute, type Markup, NOTHING } from './markup.ts'
import { BLOCKED, FORM, outside, signInAt } from './pop-up-form.ts'
import { askingFor, docsLink, placeOfCalls, promises, sessionPage, whoAsks } from './session-page.ts'

/** A platform's own sign-in, in a window of its own. Beside the pop-up of every sign-in, the page listens to that window. */
export function renderNative(view: NativeView): string {
  const { messages } = view
  return sessionPage(view, {
    heading: askingFor(view),
    lead: whoAsks(view),
    wrong: view.problem !== undefined || view.fields.some((field) => field.problem !== undefined),
    popUp: true,
    listens: messages !== undefined,
    body: html`${problemNotice(view.problem)}
      <div id="asking">
        <form method="post" action="${view.action}" id="${FORM}" data-pop-up="yes"${attribute('data-origins', messages?.origins.join(' '))}${attribute('data-message', messages?.type)}>
          ${hiddenInputs({ csrf: view.csrf })}
          ${patternHead(view)}
          ${fieldList(view.fields, view.problem)}
          <p>You choose there, and again here, what ${view.asks} may use:</p>
          <ul class="promises">${view.channels.map(({ name, asset }) => html`<li>${icon('check')}<span><b>${name}</b>: each ${asset} by itself</span></li>`)}</ul>
          <div class="actions"><button class="button primary">Continue to ${signInAt(view)}${icon('leave')}</button>${backLink(view.backUrl)}</div>
          ${BLOCKED}
        </form>
        ${docsLink(view)}
        ${promises(whatHappens(view))}
      </div>
      ${outside(view)}
      ${messages === undefined ? NOTHING : LEFT}`,
  })
}

function whatHappens(view: NativeView): (readonly [IconName, Markup])[] {
  return [
    ['person', html`You sign in at <b>${signInAt(view)}</b>. Your password stays there.`],
    [
      'lock',
      html`The key that ${view.provider.name} hands over is stored encrypted: <strong>nobody can read it again</strong>, not even ${view.asks}. It is used only for calls to ${placeOfCalls(view)}.`,
    ],
  ]
}

/** Shown by `native.js` when the person left the sign-in half-way. */
const LEFT = html`<div id="left" class="notice warn" role="status" hidden>${icon('warn')}<p>You left the sign-in before its end. Nothing was connected; open the window again to go on.</p></div>`

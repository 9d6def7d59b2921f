import { html } from 'hono/html'
import type { EndView } from '../views.ts'
import { badge } from './badge.ts'
import { icon } from './icons.ts'
import { type Markup, NOTHING } from './markup.ts'
import { monogram } from './monogram.ts'
import { sessionPage } from './session-page.ts'

const HEADINGS: Readonly<Record<EndView['kind'], (provider: string) => string>> = {
  host: () => 'One more step',
  code: () => 'Send this code back',
  done: (provider) => `${provider} is connected`,
}

export function renderEnd(view: EndView): string {
  const done = view.kind === 'done'
  return sessionPage(view, {
    heading: HEADINGS[view.kind](view.provider.name),
    lead: leadOf(view),
    arrived: true,
    closes: view.kind === 'done' && view.closes === true,
    cancel: !done,
    // A page that is not the last one goes on when the confirmation has come in.
    ...(done ? {} : { stays: ['unconfirmed'] }),
    body: html`${accountCard(view)}${step(view)}`,
  })
}

function leadOf(view: EndView): Markup {
  switch (view.kind) {
    case 'host':
      return html`Go back to <strong>${view.asks}</strong> to finish. Nothing is connected before that.`
    case 'code':
      return html`Send these six digits in the conversation in which you got the link. Nothing is connected before they arrive.`
    case 'done':
      return html`<strong>${view.asks}</strong> can use it now. The key is stored encrypted, and nobody can read it again.`
  }
}

/** Whose account it is. */
function accountCard({ provider, account, unverified }: EndView): Markup {
  return html`<div class="account">${monogram(provider.name)}
        <p class="account-text"><strong>${account ?? provider.name}</strong>${account === undefined ? NOTHING : html`<span class="hint">${provider.name}</span>`}</p>
        ${
          unverified
            ? badge({ word: 'Not checked yet', tone: 'warn', drawing: 'clock' })
            : badge({ word: 'Checked', tone: 'good', drawing: 'check' })
        }
      </div>
      ${unverified ? html`<p class="hint">It could not be checked now. If it does not work later, you will be asked again.</p>` : NOTHING}`
}

function step(view: EndView): Markup {
  switch (view.kind) {
    case 'host':
      return html`<div class="actions"><a class="button primary" id="continue" data-onward="yes" href="${view.continueUrl}">Continue to ${view.asks}</a></div>`
    case 'code':
      return codeBox(view.digits)
    case 'done':
      return view.returnUrl === undefined
        ? html`<p class="aside">You can close this window.</p>`
        : html`<div class="actions"><a class="button primary" id="continue" href="${view.returnUrl}">Back to ${view.asks}</a></div>`
  }
}

/** Two groups of three for the eye, one word for the clipboard, single digits for the ear. */
function codeBox(digits: string): Markup {
  const middle = Math.ceil(digits.length / 2)
  return html`<div class="code">
        <output id="digits" data-code="${digits}" aria-label="${[...digits].join(' ')}"><span>${digits.slice(0, middle)}</span><span>${digits.slice(middle)}</span></output>
        <button type="button" class="button" data-copy="digits" hidden>Copy</button>
        <span class="unseen" role="status" id="copied"></span>
      </div>
      <div class="notice warn">${icon('warn')}<p>Did somebody else send you the link, or ask you for the code? Then do not send it: cancel below.</p></div>`
}

import { html } from 'hono/html'
import type { IdentityView } from '../identity/identity-view.ts'
import { hiddenInputs } from './actions.ts'
import { fieldList, PROBLEM_ID, problemNotice } from './fields.ts'
import { icon } from './icons.ts'
import { layout } from './layout.ts'
import { type Markup, NOTHING } from './markup.ts'
import { moment } from './moment.ts'
import { monogram } from './monogram.ts'
import { promises } from './session-page.ts'

const HEADING = 'Confirm that it is you'

/** The questions of a challenge, for the customer himself. */
export function renderIdentity(view: IdentityView): string {
  const wrong = view.problem !== undefined
  return layout({
    title: `${wrong ? 'Error: ' : ''}${HEADING} – ${view.asks}`,
    main: html`<div class="pair">${monogram(view.asks)}</div>
      <h1>${HEADING}</h1>
      <p class="lead"><strong>${view.asks}</strong> asks this before it goes on with <strong>${view.capability}</strong>.</p>
      ${problemNotice(view.problem)}
      <form method="post" action="${view.action}" data-busy="Comparing…">
        ${hiddenInputs({ csrf: view.csrf })}
        ${fieldList(view.fields, view.problem)}
        ${consentBox(view)}
        <div class="actions"><button class="button primary">Confirm</button></div>
      </form>
      ${promises([
        [
          'lock',
          html`Your answers are compared with what ${view.asks} knows of you, and forgotten. <strong>Nobody in the conversation sees them.</strong>`,
        ],
        ['info', attempts(view)],
      ])}`,
    footer: html`<p>Valid until ${moment(view.expiresAt, 'time')}</p>`,
  })
}

function attempts({ attemptsLeft }: IdentityView): Markup {
  const times = attemptsLeft === 1 ? 'once' : `${attemptsLeft} times`
  return html`You can answer ${attemptsLeft === 1 ? html`<strong>${times} more</strong>` : html`${times}`}, all questions at a time. Then you have to wait.`
}

function consentBox({ consent, problem }: IdentityView): Markup {
  if (consent === undefined) return NOTHING
  const about = problem === undefined ? NOTHING : html` aria-describedby="${PROBLEM_ID}"`
  return html`<fieldset>
            <legend>What you agree to</legend>
            <p class="hint">You can take it back at any time.</p>
            <div class="scopes"><label class="scope" for="consent">
              <input type="checkbox" id="consent" name="consent" value="yes" required${about}>
              <span class="choice-text"><span class="choice-title">${consent.purpose}</span>
                ${consent.scopes.map((scope) => html`<span class="hint"><code>${scope}</code></span>`)}</span>
            </label></div>
          </fieldset>`
}

/** The answers were right. It names nobody: anybody can open it. */
export function renderVerified(): string {
  return layout({
    title: 'Thank you, that is right',
    main: html`<div class="sign good">${icon('check')}</div>
      <h1>Thank you, that is right</h1>
      <div class="prose"><p>Go back to the conversation: it goes on from here.</p>
      <p>You can close this window.</p></div>`,
  })
}

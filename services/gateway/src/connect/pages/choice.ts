import { html } from 'hono/html'
import type { ChoiceView, PatternView } from '../views.ts'
import { hiddenInputs } from './actions.ts'
import { type IconName, icon } from './icons.ts'
import { attribute, flag, type Markup, NOTHING } from './markup.ts'
import { askingFor, sessionPage, whoAsks } from './session-page.ts'

export function renderChoice(view: ChoiceView): string {
  return sessionPage(view, {
    heading: askingFor(view),
    lead: whoAsks(view),
    body: html`<form method="post" action="${view.action}" data-busy="One moment…">
        ${hiddenInputs({ csrf: view.csrf })}
        <fieldset>
          <legend>How do you want to connect?</legend>
          <div class="choices">${view.patterns.map((pattern, at) => option(pattern, at))}</div>
        </fieldset>
        <div class="actions"><button class="button primary">Continue</button></div>
      </form>`,
  })
}

function option({ index, title, description, kind }: PatternView, at: number): Markup {
  const [drawing, meaning] = KINDS[kind]
  const id = `pattern-${at}`
  return html`<label class="choice" for="${id}">
            <input type="radio" id="${id}" name="pattern" value="${index}" required${flag('checked', at === 0)}${attribute('aria-describedby', `${id}-about`)}>
            <span class="choice-text"><span class="choice-title">${title}</span>
              <span class="hint" id="${id}-about">${description === undefined ? NOTHING : html`${asSentence(description)} `}${meaning}</span></span>
            ${icon(drawing)}
          </label>`
}

/** Authors write them with and without a full stop; here another sentence follows. */
function asSentence(text: string): string {
  return /[.!?…]\s*$/.test(text) ? text : `${text}.`
}

const KINDS: Readonly<Record<PatternView['kind'], readonly [IconName, string]>> = {
  redirect: ['leave', 'You sign in on their page.'],
  form: ['key', 'You paste it here.'],
  none: ['check', 'Nothing to fill in.'],
}

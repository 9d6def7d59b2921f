import { html } from 'hono/html'
import { hiddenInputs } from '../../connect/pages/actions.ts'
import { attribute, flag, type Markup, NOTHING } from '../../connect/pages/markup.ts'
import type { SetupView } from '../setup-views.ts'

/** The way back that every step before the check has: another page to read, or a description by hand. */
export function otherWays(view: SetupView): Markup {
  const { state } = view.setup
  if (state !== 'guided' && state !== 'connect') return NOTHING
  return html`<details class="card sheet fold" id="other"${flag('open', view.byHand?.refused === true)}><summary><h2>Is something wrong or missing?</h2></summary>
        <p>Name another page of the service, such as the one about its API. Research then begins anew.</p>
        ${researchForm(view, 'Name or address')}
        ${payloadForm(view)}
      </details>`
}

export function researchForm({ researchAction, csrf, suggestions }: SetupView, label: string): Markup {
  const suggested = (address: string): Markup =>
    html`<form method="post" action="${researchAction}">${hiddenInputs({ csrf, service: address })}<button class="button">${address}</button></form>`
  return html`${suggestions.length === 0 ? NOTHING : html`<h3>Is it one of these?</h3><div class="suggestions">${suggestions.map(suggested)}</div>`}
        <form class="one-line" method="post" action="${researchAction}" data-busy="Starting…">${hiddenInputs({ csrf })}
          <div class="field"><label for="service">${label}</label>
            <input type="text" id="service" name="service" required maxlength="2000" spellcheck="false" autocapitalize="off" autocomplete="off" inputmode="url" placeholder="docs.example.com"></div>
          <button class="button">Read it</button></form>`
}

/** For administrators who know the API. */
export function payloadForm({ byHand, csrf }: SetupView): Markup {
  if (byHand === undefined) return NOTHING
  return html`<details class="more" id="by-hand"${flag('open', byHand.refused === true)}><summary>Describe it by hand</summary>
        <form method="post" action="${byHand.action}" data-busy="Checking…">${hiddenInputs({ csrf })}
          <div class="field"><label for="payload">Provider payload, JSON</label>
            <p class="hint" id="payload-hint">Names and addresses only, never a key. Its schema is at <a href="/provider.schema.json" target="_blank" rel="noopener">/provider.schema.json</a>.</p>
            <textarea class="code-area" id="payload" name="payload" rows="14" required spellcheck="false" autocapitalize="off" autocomplete="off" aria-describedby="payload-hint"${attribute('aria-invalid', byHand.refused === true ? 'true' : undefined)}${flag('autofocus', byHand.refused === true)}>${`\n${byHand.payload}`}</textarea></div>
          <div class="actions beside"><button class="button">Take this</button></div></form></details>`
}

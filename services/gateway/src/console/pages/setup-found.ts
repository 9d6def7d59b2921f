import { html } from 'hono/html'
import { badge, type Tone } from '../../connect/pages/badge.ts'
import type { IconName } from '../../connect/pages/icons.ts'
import { flag, type Markup, NOTHING, told } from '../../connect/pages/markup.ts'
import type { FactView, SetupView } from '../setup-views.ts'
import { outsideLink } from './outside-link.ts'

const SURENESS: Readonly<Record<FactView['confidence'], readonly [string, Tone, IconName]>> = {
  high: ['Sure', 'good', 'check'],
  medium: ['Likely', 'quiet', 'info'],
  low: ['A guess', 'warn', 'warn'],
}

/** What was found out, how sure it is, and where it stands; to be looked at, so it is open while it is to be accepted. */
export function foundPart({ setup, facts, questions, visits }: SetupView): Markup {
  const optional = questions.filter(({ required }) => !required)
  if (facts.length === 0 && optional.length === 0 && visits.length === 0) return NOTHING
  const isOpen = setup.state === 'guided'
  return html`<details class="card sheet fold" id="found"${flag('open', isOpen)}><summary><h2>What was found</h2></summary>
        ${facts.length === 0 ? html`<p>Nothing that could be used.</p>` : html`<ul class="found">${facts.map(fact)}</ul>`}
        ${optional.length === 0 || setup.state !== 'guided' ? NOTHING : missing(optional)}
        ${visits.length === 0 ? NOTHING : pages(visits)}
      </details>`
}

function fact({ term, value, literal, confidence, url }: FactView): Markup {
  const [word, tone, drawing] = SURENESS[confidence]
  return html`<li><p class="found-term">${term}</p>
          <p class="found-value">${literal ? html`<code>${value}</code>` : value}</p>
          <p class="found-source">${badge({ word, tone, drawing })}${url === undefined ? html`<span class="hint">from the catalogue</span>` : outsideLink(url)}</p></li>`
}

function missing(questions: SetupView['questions']): Markup {
  return html`<h3>Not found</h3>
        <ul class="plain-list">${questions.map(({ question }) => html`<li>${told(question)}</li>`)}</ul>
        <p class="hint">You can go on without it. To give it, name a page that says it, below.</p>`
}

const OUTCOMES: Readonly<Record<string, string>> = {
  read: 'read',
  cut: 'read in part',
  missing: 'not there',
  failed: 'could not be read',
  robots: 'not for programs',
  foreign: 'of another site, not read',
  limit: 'one too many, not read',
  redirects: 'leads on and on, not read',
  encoded: 'packed, not read',
}

function pages(visits: SetupView['visits']): Markup {
  return html`<details class="more" id="pages"><summary>Pages that were asked for (${visits.length})</summary>
        <ul class="plain-list pages">${visits.map(({ url, outcome }) => html`<li>${outsideLink(url)} <span class="hint">${OUTCOMES[outcome] ?? outcome}</span></li>`)}</ul></details>`
}

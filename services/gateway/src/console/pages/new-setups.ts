import { html } from 'hono/html'
import { hiddenInputs } from '../../connect/pages/actions.ts'
import { icon } from '../../connect/pages/icons.ts'
import { layout } from '../../connect/pages/layout.ts'
import { attribute, flag, type Markup, NOTHING, told } from '../../connect/pages/markup.ts'
import { promises } from '../../connect/pages/session-page.ts'
import type { NewSetupsView } from '../setup-views.ts'
import { consoleBar } from './console-bar.ts'

export function renderNewSetups(view: NewSetupsView): string {
  const { project, action, csrf, once, typed, problems } = view
  const wrong = problems.length > 0
  return layout({
    title: `${wrong ? 'Error: ' : ''}Set up a service – ${project}`,
    wide: true,
    header: consoleBar(view, 'setups'),
    main: html`<h1>Set up a service</h1>
      <p class="lead">Say which service. Its public documentation is read, you are told where to click, and at the end one call shows whether it works.</p>
      <div class="card sheet">
        <form method="post" action="${action}" data-busy="Starting…">
          ${hiddenInputs({ csrf, once })}
          <div class="field">
            <label for="services">Name or address</label>
            <p class="hint" id="services-hint">Like <b>Freshdesk</b> or <b>docs.example.com</b>. Several at once: one per line.</p>
            <textarea id="services" name="services" rows="4" required spellcheck="false" autocapitalize="off" autocomplete="off" aria-describedby="services-hint${wrong ? ' services-wrong' : ''}"${attribute('aria-invalid', wrong ? 'true' : undefined)}${flag('autofocus', true)}>${`\n${typed}`}</textarea>
            ${wrong ? html`<ul class="wrongs" id="services-wrong" role="alert">${problems.map((problem) => html`<li class="wrong">${icon('warn')}<span>${told(problem)}</span></li>`)}</ul>` : NOTHING}
          </div>
          ${shareBox(view)}
          <div class="actions beside"><button class="button primary">Start</button><a class="button" href="${action}">Back to the list</a></div>
        </form>
        ${promises([
          ['search', html`Only the provider’s own public pages are read, <strong>without signing in</strong>.`],
          ['lock', html`<strong>No key or password here.</strong> They are asked for once, at the connect step, on a page of their own.`],
          ['clock', html`You can close the page. It goes on by itself, and you find it in the list.`],
        ])}
      </div>`,
  })
}

function shareBox({ shared }: NewSetupsView): Markup {
  if (shared === undefined) return NOTHING
  return html`<label class="scope tick" for="shared"><input type="checkbox" id="shared" name="shared" value="yes"${flag('checked', shared)}>
            <span>For everybody in the project<span class="hint">Without it, what you connect is yours alone.</span></span></label>`
}

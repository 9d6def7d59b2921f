import { html } from 'hono/html'
import { hiddenInputs } from '../../connect/pages/actions.ts'
import { icon } from '../../connect/pages/icons.ts'
import { layout } from '../../connect/pages/layout.ts'
import { type Markup, NOTHING } from '../../connect/pages/markup.ts'
import type { CredentialsView } from '../views.ts'
import { consoleBar } from './console-bar.ts'
import { credentialCard } from './credential-card.ts'

/** The list itself: where somebody goes who does not want to answer a question. */
const HOME = '/console'

export function renderCredentials(view: CredentialsView): string {
  return layout({
    title: `My credentials – ${view.project}`,
    wide: true,
    header: consoleBar(view, 'credentials'),
    main: html`<h1>My credentials</h1>
      <p class="lead">The accounts that you connected for <strong>${view.project}</strong>. Their keys are stored encrypted; nobody can read them.</p>
      ${notice(view)}
      ${view.credentials.length === 0 ? EMPTY : html`<ul class="rows">${view.credentials.map((row) => credentialCard(row, view.csrf))}</ul>`}
      ${view.nextUrl === undefined ? NOTHING : html`<p class="aside"><a class="button" href="${view.nextUrl}">Show more</a></p>`}`,
  })
}

const EMPTY = html`<div class="empty"><div class="sign quiet">${icon('key')}</div>
        <h2>Nothing connected yet</h2>
        <p>When an app asks you for an account and you connect it, it appears here.</p>
        <p class="empty-way"><a class="button" href="/console/setups/new">Set up a service yourself</a></p>
      </div>`

function notice({ notice: told, csrf }: CredentialsView): Markup {
  if (told === undefined) return NOTHING
  const { tone, sentence, confirm } = told
  if (confirm === undefined) {
    const [look, drawing] = tone === 'problem' ? (['bad', 'warn'] as const) : (['good', 'check'] as const)
    return html`<div class="notice ${look}" role="${tone === 'problem' ? 'alert' : 'status'}">${icon(drawing)}<p>${sentence}</p></div>`
  }
  return html`<section class="notice warn" aria-label="Please confirm" tabindex="-1" autofocus>${icon('warn')}<div><p>${sentence}</p>
        <div class="actions">
          <form method="post" action="${confirm.action}">${hiddenInputs({ ...confirm.inputs, csrf })}<button class="button danger">${confirm.label}</button></form>
          <a class="button" href="${HOME}">Leave it as it is</a>
        </div></div></section>`
}

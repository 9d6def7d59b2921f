import { html } from 'hono/html'
import { icon } from '../../connect/pages/icons.ts'
import { type Markup, NOTHING } from '../../connect/pages/markup.ts'
import type { SetupView, StepView } from '../setup-views.ts'
import { copyBox } from './copy-box.ts'
import { outsideLink } from './outside-link.ts'

/** The guided steps in plain language, with the place to click; those of an administrator apart from everybody's. */
export function guide({ steps }: Pick<SetupView, 'steps'>): Markup {
  const numbered = steps.map((step, at) => ({ ...step, at }))
  const ofAdministrator = numbered.filter(({ audience }) => audience === 'administrator')
  const ofUser = numbered.filter(({ audience }) => audience === 'user')
  if (ofAdministrator.length === 0) return list(ofUser)
  return html`<h3>${icon('person')}Once, by an administrator</h3>${list(ofAdministrator)}
      ${ofUser.length === 0 ? NOTHING : html`<h3>${icon('key')}Then, whoever connects</h3>${list(ofUser)}`}`
}

function list(steps: readonly (StepView & { readonly at: number })[]): Markup {
  return html`<ol class="steps">${steps.map(
    ({ text, url, redirectUri, at }) => html`<li><div><p>${text}</p>
          ${redirectUri === undefined ? NOTHING : copyBox({ id: `copy-${at}`, value: redirectUri, label: 'Copy the redirect address' })}
          ${url === undefined ? NOTHING : html`<p class="place">${outsideLink(url)}</p>`}</div></li>`,
  )}</ol>`
}

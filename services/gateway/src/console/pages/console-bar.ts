import { html } from 'hono/html'
import { hiddenInputs } from '../../connect/pages/actions.ts'
import { icon } from '../../connect/pages/icons.ts'
import { attribute, type Markup } from '../../connect/pages/markup.ts'
import type { ConsoleFrame } from '../views.ts'

const PLACES = [
  ['credentials', '/console', 'Credentials'],
  ['setups', '/console/setups', 'Setups'],
] as const

/** On top of every page of somebody who is signed in: where one is, who one is, and the way out. */
export function consoleBar({ project, person, signOutAction, csrf }: ConsoleFrame, here: (typeof PLACES)[number][0]): Markup {
  const place = ([name, href, word]: (typeof PLACES)[number]): Markup =>
    html`<a href="${href}"${attribute('aria-current', name === here ? 'page' : undefined)}>${word}</a>`
  return html`<header class="bar"><p class="bar-project">${project}</p>
      <nav class="bar-places" aria-label="Console">${PLACES.map(place)}</nav>
      <p class="bar-person">${icon('person')}<span class="unseen">Signed in as </span>${person}</p>
      <form method="post" action="${signOutAction}">${hiddenInputs({ csrf })}<button class="plain">Sign out</button></form>
    </header>`
}

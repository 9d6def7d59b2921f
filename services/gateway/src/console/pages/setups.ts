import { html } from 'hono/html'
import { icon } from '../../connect/pages/icons.ts'
import { layout } from '../../connect/pages/layout.ts'
import { type Markup, NOTHING, told } from '../../connect/pages/markup.ts'
import { monogram } from '../../connect/pages/monogram.ts'
import type { SetupRow, SetupsView } from '../setup-views.ts'
import { consoleBar } from './console-bar.ts'
import { livePart } from './live-part.ts'
import { isAtWork, isOver, progress, setupBadge } from './setup-progress.ts'

/** For browsers without scripts. */
const LOOK_AGAIN_SECONDS = 5

export function renderSetups(view: SetupsView): string {
  const { project, setups, batch, newUrl, pageUrl } = view
  const works = setups.some(isAtWork)
  const heading = batch === undefined ? 'Setups' : `${setups.length} services at once`
  return layout({
    title: `${heading} – ${project}`,
    wide: true,
    live: true,
    header: consoleBar(view, 'setups'),
    ...(works ? { refreshSeconds: LOOK_AGAIN_SECONDS } : {}),
    main: html`<div class="head"><h1>${heading}</h1><a class="button primary" href="${newUrl}">Set up a service</a></div>
      <p class="lead">${batch === undefined ? 'Services on their way to a credential that works.' : 'Each goes its own way; one that cannot go on stops no other.'}</p>
      ${livePart({
        pace: works ? 'work' : setups.every(isOver) ? 'end' : 'rest',
        stamp: setups.map(({ stamp }) => stamp).join(', '),
        url: pageUrl,
        says: summary(setups),
        body:
          setups.length === 0 ? EMPTY : html`${batch === undefined ? NOTHING : batchBar(setups)}<ul class="rows">${setups.map(card)}</ul>`,
      })}
      ${view.nextUrl === undefined ? NOTHING : html`<p class="aside"><a class="button" href="${view.nextUrl}">Show more</a></p>`}
      ${batch === undefined ? NOTHING : html`<p class="aside"><a href="${batch.allUrl}">All setups</a></p>`}`,
  })
}

const EMPTY = html`<div class="empty"><div class="sign quiet">${icon('search')}</div>
        <h2>No setups yet</h2>
        <p>Name a service, or several: what they need is found out for you.</p>
      </div>`

function card(row: SetupRow): Markup {
  const { url, title, service, sentence, own } = row
  return html`<li class="card row setup-row">
        <div class="row-head">${monogram(title)}
          <div class="row-name"><h2><a class="whole" href="${url}">${title}</a></h2>
            ${title === service ? NOTHING : html`<p class="hint">${service}</p>`}${own ? NOTHING : html`<p class="hint">Somebody else’s</p>`}</div>
          <p class="badges">${setupBadge(row)}</p>
        </div>
        ${sentence === undefined || isOver(row) ? NOTHING : html`<p class="reason">${told(sentence)}</p>`}
        ${progress(row)}
      </li>`
}

function batchBar(setups: readonly SetupRow[]): Markup {
  const done = setups.filter(({ state }) => state === 'done').length
  return html`<div class="batch"><progress max="${setups.length}" value="${done}" aria-label="Connected"></progress><p>${summary(setups)}</p></div>`
}

/** How far all of them are, in a line. */
function summary(setups: readonly SetupRow[]): string {
  const count = (is: (setup: SetupRow) => boolean): number => setups.filter(is).length
  const [done, works, over] = [count(({ state }) => state === 'done'), count(isAtWork), count(isOver)]
  const waiting = setups.length - works - over
  const parts = [
    `${done} of ${setups.length} connected`,
    ...(works === 0 ? [] : [`${works} at work`]),
    ...(waiting === 0 ? [] : [waiting === 1 ? '1 waits for you' : `${waiting} wait for you`]),
    ...(over === done ? [] : [`${over - done} cancelled`]),
  ]
  return parts.join(' · ')
}

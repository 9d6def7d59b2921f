import { html } from 'hono/html'
import { hiddenInputs } from '../../connect/pages/actions.ts'
import { icon } from '../../connect/pages/icons.ts'
import { layout } from '../../connect/pages/layout.ts'
import { type Markup, NOTHING, told } from '../../connect/pages/markup.ts'
import { monogram } from '../../connect/pages/monogram.ts'
import type { SetupView } from '../setup-views.ts'
import { consoleBar } from './console-bar.ts'
import { livePart } from './live-part.ts'
import { foundPart } from './setup-found.ts'
import { nowPart } from './setup-now.ts'
import { isAtWork, isOver, progress, setupBadge, spoken } from './setup-progress.ts'
import { otherWays } from './setup-revise.ts'

/** For browsers without scripts. */
const LOOK_AGAIN_SECONDS = 4

export function renderSetup(view: SetupView): string {
  const { setup, project, pageUrl, problem } = view
  const works = isAtWork(setup)
  return layout({
    title: `${problem === undefined ? '' : 'Error: '}${spoken(setup)} – ${project}`,
    wide: true,
    live: true,
    header: consoleBar(view, 'setups'),
    ...(works ? { refreshSeconds: LOOK_AGAIN_SECONDS } : {}),
    main: html`${wayBack(view)}
      ${problem === undefined ? NOTHING : html`<div class="notice bad" role="alert">${icon('warn')}<p>${told(problem)}</p></div>`}
      <span class="unseen" role="status" id="copied"></span>
      ${livePart({
        pace: works ? 'work' : isOver(setup) ? 'end' : 'rest',
        stamp: setup.stamp,
        url: pageUrl,
        says: spoken(setup),
        body: html`${head(view)}${nowPart(view)}${foundPart(view)}${otherWays(view)}${cancelPart(view)}`,
      })}`,
  })
}

function wayBack({ listUrl, batchUrl }: SetupView): Markup {
  const batch = batchUrl === undefined ? NOTHING : html`<a href="${batchUrl}">Started together</a>`
  return html`<p class="crumbs"><a href="${listUrl}">All setups</a>${batch}</p>`
}

function head({ setup, source }: SetupView): Markup {
  const from = SOURCES[source]
  return html`<div class="setup-head">${monogram(setup.title)}
        <div class="row-name"><h1>${setup.title}</h1>
          ${setup.title === setup.service ? NOTHING : html`<p class="hint">${setup.service}</p>`}</div>
        <p class="badges">${setupBadge(setup)}</p></div>
      ${progress(setup)}
      ${from === undefined || setup.state !== 'guided' ? NOTHING : html`<p class="lead">${from}</p>`}`
}

const SOURCES: Readonly<Record<string, string>> = {
  catalogue: 'This service is well known here: nothing had to be looked up.',
  project: 'Your project has this service already: only your own access is missing.',
  documentation: 'This is what its public documentation says.',
  person: 'This was described by hand.',
}

function cancelPart({ setup, cancelAction, csrf }: SetupView): Markup {
  if (isOver(setup)) return NOTHING
  return html`<form class="quiet-way" method="post" action="${cancelAction}">${hiddenInputs({ csrf })}<button class="plain">Cancel this setup</button></form>`
}

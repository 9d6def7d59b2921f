import { html } from 'hono/html'
import type { AssetChannelView, AssetsView, AssetView } from '../views.ts'
import { hiddenInputs } from './actions.ts'
import { problemNotice } from './fields.ts'
import { flag, type Markup, NOTHING } from './markup.ts'
import { sessionPage } from './session-page.ts'

/** What was handed over, for the person to choose from. It may be the last page of a pop-up. */
export function renderAssets(view: AssetsView): string {
  const { asks, provider, account } = view
  const who = account === undefined ? NOTHING : html`You signed in as <strong>${account}</strong>. `
  return sessionPage(view, {
    heading: 'What may be used?',
    lead: html`${who}Choose what <strong>${asks}</strong> may use at ${provider.name}. The rest is forgotten.`,
    wrong: view.problem !== undefined,
    stays: ['choosing'],
    arrived: true,
    listens: true,
    body: html`${problemNotice(view.problem)}
      <form method="post" action="${view.action}" data-busy="Checking with ${provider.name}…">
        ${hiddenInputs({ csrf: view.csrf })}
        ${view.channels.map((channel, at) => channelBoxes(channel, at))}
        <div class="actions"><button class="button primary">Connect</button></div>
      </form>`,
  })
}

function channelBoxes({ name, assets }: AssetChannelView, at: number): Markup {
  return html`<fieldset>
          <legend>${name}</legend>
          <div class="scopes">${assets.map((asset, i) => assetRow(asset, `asset-${at}-${i}`))}</div>
        </fieldset>`
}

function assetRow({ value, name, label, id: known, ticked }: AssetView, id: string): Markup {
  return html`<label class="scope" for="${id}">
              <input type="checkbox" id="${id}" name="asset" value="${value}" data-asset="${known}"${flag('checked', ticked)} aria-describedby="${id}-about">
              <span class="choice-text"><span class="choice-title">${name}</span>
                <span class="hint" id="${id}-about">${label === undefined ? NOTHING : html`${label} `}<code>${known}</code></span></span>
            </label>`
}

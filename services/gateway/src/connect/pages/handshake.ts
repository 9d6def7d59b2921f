import { html } from 'hono/html'
import type { HandshakeView } from '../views.ts'
import { hiddenInputs } from './actions.ts'
import { layout } from './layout.ts'
import { attribute, type Markup } from './markup.ts'

/** A moment only, where the page behind the window answers; else it says where to go. */
export function renderHandshake({ sessionId, asks, origin, action, csrf }: HandshakeView): string {
  return layout({
    title: `Connect – ${asks}`,
    handshake: true,
    main: html`<h1>Connect for ${asks}</h1>
      <form id="proof" hidden method="post" action="${action}"${attribute('data-origin', origin)}${attribute('data-session', sessionId)}>${hiddenInputs({ csrf, proof: '' })}</form>
      <div id="asking">
        <div class="spinner" aria-hidden="true"></div>
        <p role="status">One moment…</p>
      </div>
      <div id="alone" class="prose" tabindex="-1" hidden>${alone(asks)}</div>
      <noscript><div class="prose">${alone(asks)}</div></noscript>`,
  })
}

function alone(asks: string): Markup {
  return html`<p>This window goes on only when you open it yourself: go back to <strong>${asks}</strong> and press “Connect” there.</p>
        <p>Did somebody send you this link? Then close it. Nothing was connected.</p>`
}

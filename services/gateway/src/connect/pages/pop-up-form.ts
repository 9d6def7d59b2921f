import { html } from 'hono/html'
import type { SessionFrame } from '../views.ts'
import { icon } from './icons.ts'
import type { Markup } from './markup.ts'

/** Buttons outside of the form send it by this id. */
export const FORM = 'consent'

/** What a page knows whose form may be posted into a pop-up. */
export interface PopUpForm extends SessionFrame {
  /** Host of the page where the person will sign in. */
  readonly signInHost: string
}

/** A host that a field decides is not known yet. */
export function signInAt({ signInHost, provider }: PopUpForm): string {
  return signInHost === '' || signInHost.includes('{') ? provider.name : signInHost
}

/** Shown by `pop-up.js` when the browser gave no window: without one the way leads through this window. */
export const BLOCKED: Markup = html`<div id="blocked" class="notice warn" role="alert" tabindex="-1" hidden>${icon('warn')}<div><p>Your browser blocked the new window.</p>
            <p><button class="plain" formtarget="_self">Continue in this window</button></p></div></div>`

/** Shown by `pop-up.js` in place of the form while the person is in the other window. */
export function outside(view: PopUpForm): Markup {
  return html`<section id="outside" class="outside" aria-labelledby="outside-title" hidden>
        <div class="spinner" aria-hidden="true"></div>
        <h2 id="outside-title" tabindex="-1">Sign in at ${signInAt(view)}</h2>
        <div role="status">
          <p data-when="open">A new window is open. Finish there; this page goes on by itself.</p>
          <p data-when="gone" hidden>Did you close the other window? Then open it again. If it is still open, finish there.</p>
          <p data-when="checking" hidden>Checking the connection…</p>
        </div>
        <div class="actions">
          <button class="button" form="${FORM}">Open the window again</button>
          <button class="plain" form="${FORM}" formtarget="_self">Continue in this window</button>
        </div>
      </section>`
}

import { html } from 'hono/html'
import { attribute, type Markup, NOTHING } from './markup.ts'

/** What a page of a session tells `session.js`. */
export interface Following {
  readonly sessionId: string
  readonly stateUrl?: string | undefined
  /** The states in which this page is right; in any other it moves on. */
  readonly stays?: readonly string[]
  /** The page may be the last one in a pop-up: a window that waits for it takes over. */
  readonly arrived?: boolean
  /** The window was opened for this session, and goes by itself at its end. */
  readonly closes?: boolean | undefined
}

export interface Page {
  /** Of the window; the page has its own heading. */
  readonly title: string
  readonly main: Markup
  readonly header?: Markup
  readonly footer?: Markup
  readonly following?: Following | undefined
  /** The page asks its opener for a proof. */
  readonly handshake?: boolean
  /** The page opens a pop-up. */
  readonly popUp?: boolean
  /** It listens to what the window of a sign-in says, or shows what that was. */
  readonly listens?: boolean
  /** Something happens behind it: it looks again, and takes over what has changed. */
  readonly live?: boolean
  /** A list rather than one card. */
  readonly wide?: boolean
  /** For browsers without scripts: looks again by itself. */
  readonly refreshSeconds?: number
}

/** The frame of every page. Scripts and styles are files of ours: the content policy allows nothing inline. */
export function layout(page: Page): string {
  const { following } = page
  const refresh = page.refreshSeconds
  return String(html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="format-detection" content="telephone=no">
    <meta name="robots" content="noindex">
    <title>${page.title}</title>
    <link rel="icon" type="image/svg+xml" href="/assets/mark.svg">
    <link rel="stylesheet" href="/assets/style.css">
    ${page.wide === true ? html`<link rel="stylesheet" href="/assets/console.css">` : NOTHING}
    <script type="module" src="/assets/page.js"></script>
    ${following === undefined ? NOTHING : html`<script type="module" src="/assets/session.js"></script>`}
    ${page.popUp === true ? html`<script type="module" src="/assets/pop-up.js"></script>` : NOTHING}
    ${page.handshake === true ? html`<script type="module" src="/assets/handshake.js"></script>` : NOTHING}
    ${page.listens === true ? html`<script type="module" src="/assets/native.js"></script>` : NOTHING}
    ${page.live === true ? html`<script type="module" src="/assets/live.js"></script>` : NOTHING}
    ${refresh === undefined ? NOTHING : html`<noscript><meta http-equiv="refresh" content="${refresh}"></noscript>`}
  </head>
  <body class="${page.wide === true ? 'wide' : 'narrow'}"${following === undefined ? NOTHING : dataOf(following)}>
    ${page.header ?? NOTHING}
    <main${attribute('class', page.wide === true ? undefined : 'card')}>
      ${page.main}
    </main>
    ${following?.arrived === true ? TAKEN : NOTHING}
    <footer class="foot">${page.footer ?? NOTHING}<p class="brand">Credence</p></footer>
  </body>
</html>`)
}

/** Shown by `session.js` in place of the page when another window of the session has taken over. */
const TAKEN = html`<section id="taken" class="card" tabindex="-1" hidden>
      <h2>Go on in the other window</h2>
      <p>You can close this one.</p>
    </section>`

function dataOf({ sessionId, stateUrl, stays, arrived, closes }: Following): Markup {
  return html` data-session="${sessionId}"${attribute('data-state-url', stateUrl)}${attribute('data-stays', stays?.join(' '))}${
    arrived === true ? html` data-arrived="yes"` : NOTHING
  }${closes === true ? html` data-closes="yes"` : NOTHING}`
}

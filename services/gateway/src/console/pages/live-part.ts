import { html } from 'hono/html'
import { icon } from '../../connect/pages/icons.ts'
import type { Markup } from '../../connect/pages/markup.ts'

export interface LivePart {
  /** `work` looks often, `rest` now and then, `end` no more. */
  readonly pace: 'work' | 'rest' | 'end'
  /** Another stamp means that something in it has changed. */
  readonly stamp: string
  /** Where the same page is read again. */
  readonly url: string
  /** Read out after a change. */
  readonly says: string
  readonly body: Markup
}

/** The part of a page that `live.js` keeps up to date, and the line in which it says so to those who listen. */
export function livePart({ pace, stamp, url, says, body }: LivePart): Markup {
  return html`<p id="said" class="unseen" role="status"></p>
      <div id="lost" class="notice warn" role="status" hidden>${icon('clock')}<p>The connection is interrupted. Nothing is lost; this page goes on by itself.</p></div>
      <div id="live" data-pace="${pace}" data-stamp="${stamp}" data-url="${url}" data-says="${says}">${body}</div>`
}

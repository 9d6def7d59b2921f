import { html } from 'hono/html'
import type { ElsewhereView, FailedView, MessageView } from '../views.ts'
import { actionList } from './actions.ts'
import type { Tone } from './badge.ts'
import { type IconName, icon } from './icons.ts'
import { type Following, layout } from './layout.ts'
import { type Markup, NOTHING, told } from './markup.ts'

export function renderMessage(view: MessageView): string {
  const body = html`${view.sentences.map((sentence) => html`<p>${told(sentence)}</p>`)}${actionList(view.actions)}`
  return messagePage({ title: view.title, sign: SIGNS[view.tone], body, following: arrivedAt(view.sessionId) })
}

export function renderFailed(view: FailedView): string {
  const cancelled = view.code === 'cancelled'
  const body = html`<p>${told(view.sentence)}</p>
      ${actionList(view.actions)}
      ${view.actions.length === 0 && view.sessionId !== undefined ? html`<p>You can close this window.</p>` : NOTHING}
      ${cancelled ? NOTHING : html`<p class="fine">For support: <code>${view.code}</code></p>`}`
  const sign: Sign = cancelled ? ['quiet', 'none'] : ['bad', 'cross']
  return messagePage({ title: view.title, sign, body, following: arrivedAt(view.sessionId, view.closes) })
}

/** No script and no session: this browser has no part in it. */
export function renderElsewhere(view: ElsewhereView): string {
  return messagePage({ title: view.title, sign: ['quiet', 'none'], body: html`<p>${view.sentence}</p>`, following: undefined })
}

type Sign = readonly [Tone, IconName]

const SIGNS: Readonly<Record<MessageView['tone'], Sign>> = {
  plain: ['quiet', 'info'],
  question: ['warn', 'warn'],
  problem: ['bad', 'cross'],
}

interface Message {
  readonly title: string
  readonly sign: Sign
  readonly body: Markup
  readonly following: Following | undefined
}

function messagePage({ title, sign: [tone, drawing], body, following }: Message): string {
  return layout({
    title,
    following,
    main: html`<div class="sign ${tone}">${icon(drawing)}</div>
      <h1>${title}</h1>
      <div class="prose">${body}</div>`,
  })
}

function arrivedAt(sessionId: string | undefined, closes?: boolean): Following | undefined {
  return sessionId === undefined ? undefined : { sessionId, arrived: true, closes }
}

import { html } from 'hono/html'
import { type IconName, icon } from './icons.ts'
import type { Markup } from './markup.ts'

export type Tone = 'good' | 'warn' | 'bad' | 'quiet'

/** A state as a word, a colour and a drawing, so that none of them has to be seen. */
export function badge({ word, tone, drawing }: { readonly word: string; readonly tone: Tone; readonly drawing: IconName }): Markup {
  return html`<span class="badge ${tone}">${icon(drawing)}${word}</span>`
}

import { html } from 'hono/html'
import { badge, type Tone } from '../../connect/pages/badge.ts'
import { type IconName, icon } from '../../connect/pages/icons.ts'
import { attribute, type Markup, NOTHING } from '../../connect/pages/markup.ts'
import type { SetupRow } from '../setup-views.ts'

type Look = readonly [word: string, tone: Tone, drawing: IconName]

/** The steps in their order, as people call them. */
const STEPS = [
  ['research', 'Research'],
  ['guided', 'Steps'],
  ['connect', 'Connect'],
  ['verify', 'Check'],
  ['done', 'Done'],
] as const

/** Nobody has to do anything: the platform is at work, or it is over. */
export function isAtWork({ state, needs }: Pick<SetupRow, 'state' | 'needs'>): boolean {
  return state === 'verify' || (state === 'research' && needs === '')
}

export function isOver({ state }: Pick<SetupRow, 'state'>): boolean {
  return state === 'done' || state === 'cancelled'
}

/** Causes that are nobody's typing mistake: another try may help as it is. */
const CALM: ReadonlySet<string> = new Set(['provider_down', 'throttled', 'interrupted', 'cancelled', 'timed_out', ''])

export function isCalm(cause: string): boolean {
  return CALM.has(cause)
}

function lookOf({ state, needs, cause }: SetupRow): Look {
  switch (state) {
    case 'research':
      return needs === '' ? ['Reading', 'quiet', 'search'] : ['Needs an answer', 'warn', 'warn']
    case 'guided':
      return needs === 'administrator' ? ['Waits for an administrator', 'warn', 'person'] : ['Steps to do', 'warn', 'list']
    case 'connect':
      if (needs === 'client') return ['Waits for an administrator', 'warn', 'person']
      return isCalm(cause) ? ['Ready to connect', 'warn', 'key'] : ['Refused', 'bad', 'cross']
    case 'verify':
      return ['Being checked', 'quiet', 'clock']
    case 'done':
      return ['Connected', 'good', 'check']
    case 'cancelled':
      return ['Cancelled', 'quiet', 'none']
  }
}

export function setupBadge(setup: SetupRow): Markup {
  const [word, tone, drawing] = lookOf(setup)
  return badge({ word, tone, drawing })
}

/** What a reader is told when it has changed. */
export function spoken(setup: SetupRow): string {
  return `${setup.title}: ${lookOf(setup)[0]}`
}

/** Where it stands among its steps. */
export function progress({ state }: SetupRow): Markup {
  if (state === 'cancelled') return NOTHING
  const here = STEPS.findIndex(([name]) => name === state)
  const step = ([, word]: (typeof STEPS)[number], at: number): Markup => {
    const isPast = at < here || state === 'done'
    return html`<li${attribute('class', isPast ? 'past' : at === here ? 'here' : undefined)}${attribute('aria-current', at === here ? 'step' : undefined)}><span class="mark">${isPast ? icon('check') : at + 1}</span><span class="mark-word">${word}</span>${isPast ? html`<span class="unseen"> (done)</span>` : NOTHING}</li>`
  }
  return html`<ol class="track" aria-label="Steps of this setup">${STEPS.map(step)}</ol>`
}

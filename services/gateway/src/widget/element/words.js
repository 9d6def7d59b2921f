// What people read: a state as one word with a drawing and a tone, and a sentence where something is asked of them.

export const STATES = {
  connected: { word: 'Connected', tone: 'good', drawing: 'check' },
  expired: { word: 'Sign in again', tone: 'warn', drawing: 'warn' },
  disabled: { word: 'Paused', tone: 'quiet', drawing: 'pause' },
  shared: { word: 'Shared with you', tone: 'quiet', drawing: 'share' },
}

const REASONS = {
  config_changed: 'The way to connect has changed',
  lifetime_over: 'The time it was allowed for is over',
}

/** The badge of a connection. A key that no check has proven yet is connected: it can be used. */
export function stateOf({ state, own }) {
  return !own && state === 'connected' ? STATES.shared : STATES[state]
}

/** What stands under the name: whose account it is, and what the badge does not say. */
export function lineOf({ state, own, reason, account, label }, { name }) {
  const words = [...new Set([account, label].filter((word) => word && word !== name))].join(' · ')
  if (state === 'connected') return words
  if (state === 'disabled') return words || 'Nothing can use it for now.'
  if (!own) return 'Its owner has to sign in again.'
  return [words, REASONS[reason]].filter(Boolean).join(' · ') || 'The access has ended.'
}

/** How a window ended that connected nothing; empty where the person knows. */
export function endOf({ state, detail }) {
  if (state === 'cancelled') return ''
  if (state === 'timed_out') return 'That took too long. Nothing was connected; try again.'
  return detail || 'Nothing was connected. Try again.'
}

/** Nothing tells a window that was closed from one that the page has cut off; who reads it knows which it was. */
export const LOST =
  'The window was closed before it began. If it is still open, this page cuts it off: its Cross-Origin-Opener-Policy must be same-origin-allow-popups.'

const PROBLEMS = {
  OFFLINE: 'There is no connection at the moment.',
  THROTTLED: 'Too many tries. Wait a moment, then try again.',
  NOT_FOUND: 'This service is not offered any more.',
  USER_REQUIRED: 'Sign in first, then connect your accounts.',
}

export function problemOf({ code, message }) {
  return PROBLEMS[code] ?? message ?? 'Something went wrong. Try again.'
}

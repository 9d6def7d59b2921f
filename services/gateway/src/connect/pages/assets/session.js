// The windows of one session move together. A window that waits follows the state; the last page of a pop-up says that it
// has arrived, and gives way when the waiting window takes over. Nothing depends on `window.opener`: a provider may cut it.

const { session, stateUrl, stays, arrived, closes } = document.body.dataset
const LOOK_MS = 2000
const LOOK_HIDDEN_MS = 5000
/** A window that waits answers within this; after it the page goes on by itself. */
const GIVE_WAY_MS = 1200
const CLOSE_MS = 1500

const channel = new BroadcastChannel(`credence-${session}`)
/** Set in the tab that goes on, so that of two windows at the end one leads. */
const LEAD = `credence-lead-${session}`

let following
let leaving = false
let timer
let onward

/** Moves to the session's page as soon as its state is none of `states`. `seen` is told each state. */
export function follow(states, seen = () => {}) {
  following = { states, seen }
  look()
}

/** Asks for the state now. */
export async function look() {
  clearTimeout(timer)
  if (!following || leaving) return
  const state = await ask()
  if (leaving || !following) return
  if (state) following.seen(state.state)
  if (state && !following.states.includes(state.state)) return leave(state.url)
  clearTimeout(timer)
  timer = setTimeout(look, document.hidden ? LOOK_HIDDEN_MS : LOOK_MS)
}

async function ask() {
  try {
    const answer = await fetch(stateUrl, { headers: { accept: 'application/json' }, cache: 'no-store' })
    if (answer.ok) return await answer.json()
    // The session is gone for good. (403 is one that this browser is about to be bound to.)
    if (answer.status === 404 || answer.status === 410) following = undefined
  } catch {
    // Offline for a moment: the next look may reach it.
  }
  return undefined
}

/** A new window of this tab's own starts without a lead: tabs hand their session storage down to the windows they open. */
export function giveUpLead() {
  sessionStorage.removeItem(LEAD)
}

function leave(url) {
  leaving = true
  sessionStorage.setItem(LEAD, 'yes')
  channel.postMessage('taken')
  location.replace(url)
}

function leads() {
  return sessionStorage.getItem(LEAD) !== null
}

function giveWay() {
  clearTimeout(onward)
  following = undefined
  window.close()
  document.querySelector('main').hidden = true
  document.querySelector('footer').hidden = true
  const taken = document.getElementById('taken')
  taken.hidden = false
  taken.focus()
}

channel.addEventListener('message', ({ data }) => {
  if (data === 'taken' && arrived && !leads()) giveWay()
  if (data !== 'arrived') return
  if (arrived && leads()) channel.postMessage('taken')
  else look()
})
document.addEventListener('visibilitychange', () => document.hidden || look())

if (arrived) {
  const link = document.querySelector('a[data-onward]')
  channel.postMessage(leads() ? 'taken' : 'arrived')
  // A look that then finds the session connected must not call the page back from its way to the team's site.
  link?.addEventListener('click', () => {
    leaving = true
  })
  if (link) onward = setTimeout(() => link.click(), GIVE_WAY_MS)
}
// Long enough to be read; where a browser does not let the page close its window, the page says that the person can.
if (closes) setTimeout(() => window.close(), CLOSE_MS)
if (stays) follow(stays.split(' '))

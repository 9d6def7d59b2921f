// The sign-in in a window of its own. The window is opened blank inside the click, where browsers allow it, and the form is
// then sent into it. Without a window, or on a small screen, the way leads through this one.
import { follow, giveUpLead, look } from './session.js'

const form = document.querySelector('form[data-pop-up]')
const [asking, outside, blocked] = ['asking', 'outside', 'blocked'].map((id) => document.getElementById(id))
const NAME = `credence-${document.body.dataset.session}`
const [WIDTH, HEIGHT] = [560, 720]
/** A handle that is dead so soon was cut by the provider's page (COOP) rather than closed by a person: asked about later. */
const CUT_MS = 1500
const ASK_LATER_MS = 8000
const WATCH_MS = 500

let watch
let asked

form.addEventListener('submit', (event) => {
  clearInterval(watch)
  clearTimeout(asked)
  if (event.submitter?.formTarget === '_self' || window.innerWidth < 700) return
  const popUp = openWindow()
  if (!popUp || popUp.closed) {
    event.preventDefault()
    blocked.hidden = false
    return blocked.focus()
  }
  form.target = NAME
  // The target has been read when this event is over; the other button must not inherit it.
  setTimeout(() => form.removeAttribute('target'))
  wait(popUp)
})

function openWindow() {
  giveUpLead()
  const left = Math.max(0, window.screenX + (window.outerWidth - WIDTH) / 2)
  const top = Math.max(0, window.screenY + (window.outerHeight - HEIGHT) / 2)
  return window.open('', NAME, `popup,width=${WIDTH},height=${HEIGHT},left=${left},top=${top}`)
}

function wait(popUp) {
  const opened = performance.now()
  blocked.hidden = true
  asking.hidden = true
  outside.hidden = false
  say('open')
  document.getElementById('outside-title').focus()
  follow(['open', 'at_provider', 'checking'], (state) => state === 'checking' && say('checking'))
  watch = setInterval(() => {
    if (!popUp.closed) return
    clearInterval(watch)
    look()
    asked = setTimeout(say, performance.now() - opened > CUT_MS ? 0 : ASK_LATER_MS, 'gone')
  }, WATCH_MS)
}

function say(which) {
  for (const line of outside.querySelectorAll('[data-when]')) line.hidden = line.dataset.when !== which
}

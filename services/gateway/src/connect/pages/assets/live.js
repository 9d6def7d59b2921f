// A page behind which something happens. It reads itself again, and takes over the part that has changed. Without scripts it
// is loaded anew now and then, by the browser or by the person.

import { dress } from './page.js'

const AT_WORK_MS = 2000
const RESTING_MS = 5000

let timer
const part = () => document.getElementById('live')

function again() {
  clearTimeout(timer)
  const { pace } = part().dataset
  if (pace !== 'end') timer = setTimeout(look, pace === 'work' && !document.hidden ? AT_WORK_MS : RESTING_MS)
}

async function look() {
  clearTimeout(timer)
  try {
    const answer = await fetch(part().dataset.url, { cache: 'no-store' })
    // Signed out in the meantime: the page for signing in takes its place.
    if (answer.status === 401 || answer.status === 403) return location.assign(part().dataset.url)
    if (answer.ok) take(new DOMParser().parseFromString(await answer.text(), 'text/html'))
    document.getElementById('lost').hidden = answer.status < 500
  } catch {
    document.getElementById('lost').hidden = false
  }
  again()
}

function take(found) {
  const [now, next] = [part(), found.getElementById('live')]
  if (!next || next.dataset.stamp === now.dataset.stamp || isInUse(now)) return
  const hadFocus = now.contains(document.activeElement)
  const open = [...now.querySelectorAll('details[open][id]')].map(({ id }) => id)
  now.replaceWith(document.adoptNode(next))
  document.title = found.title
  for (const id of open) document.getElementById(id)?.setAttribute('open', '')
  dress(next)
  document.getElementById('said').textContent = next.dataset.says
  if (hadFocus) next.querySelector('h2[tabindex]')?.focus()
}

/** Nobody's typing is taken away, and no form that is on its way. */
function isInUse(region) {
  const fields = [...region.querySelectorAll('textarea, input:not([type="hidden"])')]
  const typed = ({ type, value, defaultValue, checked, defaultChecked }) =>
    type === 'radio' || type === 'checkbox' ? checked !== defaultChecked : value !== defaultValue
  return fields.some(typed) || fields.includes(document.activeElement) || region.querySelector('form[data-sent]') !== null
}

document.addEventListener('visibilitychange', () => document.hidden || look())
// Coming back from the connect page by the browser's history.
window.addEventListener('pageshow', (event) => event.persisted && look())
again()

// The window of a platform's own sign-in may tell the page that opened it how it went. What it says is a hint: it ticks boxes
// on the page that comes next in this tab, and shows a sentence; the answer that counts comes to the server. Messages of other
// origins or types are not read.
const form = document.querySelector('form[data-message]')
const left = document.getElementById('left')
const HINT = `credence-hint-${document.body.dataset.session}`
const ID = /^[\w.:-]{1,128}$/

if (form) window.addEventListener('message', listen)
else tick(JSON.parse(sessionStorage.getItem(HINT) ?? '[]'))

function listen({ origin, data }) {
  if (!form.dataset.origins.split(' ').includes(origin)) return
  const said = read(data)
  if (said?.type !== form.dataset.message) return
  const ids = idsIn(said.data)
  left.hidden = ids.length > 0 || said.event !== 'CANCEL'
  if (ids.length > 0) sessionStorage.setItem(HINT, JSON.stringify(ids))
}

function read(data) {
  try {
    return typeof data === 'string' ? JSON.parse(data) : data
  } catch {
    // Libraries on the provider's page talk to themselves in other formats.
    return undefined
  }
}

/** Every id of the message, whatever its members are called. */
function idsIn(data) {
  return Object.values(data ?? {})
    .flat()
    .filter((value) => typeof value === 'string' && /\d/.test(value) && ID.test(value))
}

function tick(ids) {
  const boxes = [...document.querySelectorAll('[data-asset]')]
  if (!boxes.some((box) => ids.includes(box.dataset.asset))) return
  for (const box of boxes) box.checked = ids.includes(box.dataset.asset)
}

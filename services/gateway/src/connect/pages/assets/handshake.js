// The first page of a window that a widget opened. It asks the page behind it, at the one origin that the session names, for
// the proof; a link that somebody was sent has no such page behind it, and leads no further.
const form = document.getElementById('proof')
const { origin, session } = form.dataset
const ASK_EVERY_MS = 300
const GIVE_UP_MS = 8000
const behind = window.opener

function goBack() {
  const alone = document.getElementById('alone')
  document.getElementById('asking').hidden = true
  alone.hidden = false
  alone.focus()
}

if (behind) {
  // The page may still be waiting for the answer that told it of this session.
  const asking = setInterval(() => behind.postMessage({ type: 'credence-hello', session }, origin), ASK_EVERY_MS)
  const givingUp = setTimeout(() => {
    clearInterval(asking)
    goBack()
  }, GIVE_UP_MS)
  window.addEventListener('message', ({ data, origin: from, source }) => {
    if (source !== behind || from !== origin || data?.type !== 'credence-proof' || data.session !== session) return
    clearInterval(asking)
    clearTimeout(givingUp)
    form.elements.proof.value = data.proof
    form.submit()
  })
} else {
  goBack()
}

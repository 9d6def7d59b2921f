// Conveniences. Every page works without them.

dress(document)

/** Gives them to a page, or to a part of it that came later. */
export function dress(root) {
  reveals(root)
  copies(root)
  busyForms(root)
  times(root)
}

/** Secrets can be looked at while they are typed. Hidden again before they are sent: browsers remember what is text. */
function reveals(root) {
  for (const button of root.querySelectorAll('[data-reveal]')) {
    const input = document.getElementById(button.dataset.reveal)
    const word = button.firstElementChild
    const show = (shown) => {
      input.type = shown ? 'text' : 'password'
      word.textContent = shown ? 'Hide' : 'Show'
    }
    button.hidden = false
    button.addEventListener('click', () => show(input.type === 'password'))
    input.form?.addEventListener('submit', () => show(false))
  }
}

function copies(root) {
  for (const button of root.querySelectorAll('[data-copy]')) {
    if (!navigator.clipboard) continue
    const label = button.textContent
    button.hidden = false
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).dataset.code)
      button.textContent = 'Copied'
      document.getElementById('copied').textContent = 'Copied'
      setTimeout(() => {
        button.textContent = label
        document.getElementById('copied').textContent = ''
      }, 2500)
    })
  }
}

/** A check takes seconds: the button says so, and a second click sends nothing. */
function busyForms(root) {
  for (const form of root.querySelectorAll('form[data-busy]')) {
    const button = form.querySelector('button:not([type="button"])')
    const label = button.textContent
    const rest = () => {
      delete form.dataset.sent
      button.textContent = label
      button.removeAttribute('aria-disabled')
    }
    form.addEventListener('submit', (event) => {
      if (form.dataset.sent) return event.preventDefault()
      form.dataset.sent = 'yes'
      button.textContent = form.dataset.busy
      button.setAttribute('aria-disabled', 'true')
    })
    // Coming back by the browser's history finds the page as it was left.
    window.addEventListener('pageshow', (event) => event.persisted && rest())
  }
}

/** Points in time in the visitor's own zone. */
function times(root) {
  for (const time of root.querySelectorAll('time[data-show]')) {
    const options = time.dataset.show === 'time' ? { timeStyle: 'short' } : { dateStyle: 'medium', timeStyle: 'short' }
    time.textContent = new Intl.DateTimeFormat('en-GB', options).format(new Date(time.dateTime))
  }
}

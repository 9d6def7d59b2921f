// A window of the platform, in which a person connects one account. Only this page can tell it the proof that its browser is
// the one in which the panel stands; the window asks for it from the platform's own origin.
import { Refusal } from './api.js'

const [WIDTH, HEIGHT] = [520, 740]
const WATCH_MS = 500
const WAIT_MS = 25_000
const AGAIN_MS = 2000
const ENDED = new Set(['connected', 'failed', 'cancelled', 'timed_out'])

/** Opened inside the click: later a browser would not allow it. Null where it does not even then. */
export function openWindow() {
  const left = Math.max(0, window.screenX + (window.outerWidth - WIDTH) / 2)
  const top = Math.max(0, window.screenY + (window.outerHeight - HEIGHT) / 2)
  const opened = window.open('about:blank', '_blank', `popup,width=${WIDTH},height=${HEIGHT},left=${left},top=${top}`)
  return opened && !opened.closed ? opened : null
}

export class ConnectWindow {
  #api
  #stop = new AbortController()
  #window
  /** `opening`, `blocked`, `open`. */
  phase = 'opening'
  link
  isGreeted = false
  isLost = false

  /** `moved` is told when the phase has changed. */
  constructor(api, opened, moved) {
    this.#api = api
    this.#window = opened
    this.moved = moved
  }

  /** The session as it ended; undefined when it was given up here. */
  async run(order) {
    const { session, link, proof } = await this.#api.call('POST', '/sessions', { body: order, signal: this.#stop.signal })
    Object.assign(this, { id: session.id, link, proof })
    window.addEventListener('message', this, { signal: this.#stop.signal })
    if (this.#window) this.#window.location.replace(link)
    this.phase = this.#window ? 'open' : 'blocked'
    this.moved()
    const watching = setInterval(() => this.#watch(), WATCH_MS)
    try {
      return await this.#follow()
    } finally {
      clearInterval(watching)
      this.#stop.abort()
    }
  }

  /** The window asks; it may have come from the button or from the link. */
  handleEvent({ data, origin, source }) {
    if (origin !== new URL(this.#api.base).origin || data?.type !== 'credence-hello' || data.session !== this.id) return
    source.postMessage({ type: 'credence-proof', session: this.id, proof: this.proof }, origin)
    this.isGreeted = true
    if (this.phase === 'open') return
    this.phase = 'open'
    this.moved()
  }

  /** The window cut itself off from this page by now: it is opened anew, and goes on where it was. */
  again() {
    this.#window?.close()
    this.#window = openWindow()
    if (this.#window) this.#window.location.replace(this.link)
    this.phase = this.#window ? 'open' : 'blocked'
    this.moved()
  }

  cancel() {
    this.#window?.close()
    this.#stop.abort()
    if (this.id) this.#api.call('POST', `/sessions/${this.id}/cancel`, { body: {} }).catch(() => undefined)
  }

  /**
   * Closed before it had asked: by the person, or it only looks so, because this page cuts the windows that it opens (COOP).
   * Later a closed window says nothing, because the pages in it cut the handle.
   */
  #watch() {
    if (!this.#window?.closed || this.isGreeted || this.phase !== 'open') return
    this.isLost = true
    this.cancel()
  }

  async #follow() {
    while (!this.#stop.signal.aborted) {
      try {
        const session = await this.#api.call('GET', `/sessions/${this.id}?wait_ms=${WAIT_MS}`, { signal: this.#stop.signal })
        if (ENDED.has(session.state)) return session
      } catch (error) {
        if (this.#stop.signal.aborted) return undefined
        if (!(error instanceof Refusal) || (error.status > 0 && error.status < 500 && error.status !== 429)) throw error
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
      }
    }
    return undefined
  }
}

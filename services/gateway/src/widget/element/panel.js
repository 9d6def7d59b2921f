// <credence-connected-services>: the accounts of one person, and the way to connect them. README.md of the gateway says how a
// page embeds it, what it can be told and what it tells.
import { Api, Refusal } from './api.js'
import { el, icon } from './dom.js'
import { rowsOf, skeleton, sumOf } from './list.js'
import { drawRow } from './row.js'
import { STYLE } from './style.js'
import { claimsOf, watchToken } from './token.js'
import { rest, seen, whileSeen } from './waiting.js'
import { ConnectWindow, openWindow } from './windows.js'
import { endOf, LOST, problemOf } from './words.js'

const SHEET = new CSSStyleSheet()
SHEET.replaceSync(STYLE)

/** More services than a person reads through. */
const MANY = 8
const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [1000, 30_000]
/** So long a call waits for the page to bring a token. */
const TOKEN_WAIT_MS = 10_000

class ConnectedServices extends HTMLElement {
  static observedAttributes = ['token', 'base-url', 'heading']

  #getToken
  #token = ''
  #list
  #problem
  #isOver = false
  #find = ''
  /** By row: the window that is open, the question that is asked, the last problem. */
  #doing = new Map()
  #rows = new Map()
  #living
  #unwatch = () => {}
  #waiters = []
  #asked
  #root = this.attachShadow({ mode: 'open' })
  #live = el('p', { class: 'unseen', role: 'status' })
  #api = new Api('', (isRefused) => this.#tokenFor(isRefused))

  /** Set by the page: `async () => token`, asked for the first token and before each one ends. */
  get getToken() {
    return this.#getToken
  }

  set getToken(ask) {
    this.#getToken = ask
    // The panel may have begun before the page's script: it waits for what this brings.
    if (this.#token !== '' || !this.#living) return
    this.#asked = undefined
    this.#renew()
  }

  get token() {
    return this.#token
  }

  set token(token) {
    const before = claimsOf(this.#token)
    const wasOver = this.#isOver
    this.#token = token ?? ''
    this.#isOver = false
    this.#asked = undefined
    this.#unwatch()
    if (this.#token !== '') this.#unwatch = watchToken(this.#token, { ask: () => this.#renew(), over: () => this.#end() })
    for (const waiter of this.#waiters.splice(0)) waiter()
    const { sub, project } = claimsOf(this.#token)
    const isSame = before.sub === sub && before.project === project
    if (!isSame) this.#forget()
    if (this.#living && (!isSame || wasOver)) this.#start()
  }

  attributeChangedCallback(name, before, value) {
    if (name === 'token' && value !== null) this.token = value
    else if (this.#living && before !== value) this.#start()
  }

  connectedCallback() {
    // Set before the element was defined: the property of the class must see it.
    for (const name of ['token', 'getToken']) {
      if (!Object.hasOwn(this, name)) continue
      const value = this[name]
      delete this[name]
      if (value !== undefined) this[name] = value
    }
    this.#root.adoptedStyleSheets = [SHEET]
    this.#start()
  }

  disconnectedCallback() {
    this.#living?.abort()
    this.#living = undefined
    this.#unwatch()
    for (const { window: opened } of this.#doing.values()) opened?.cancel()
    this.#doing.clear()
  }

  #start() {
    this.#living?.abort()
    this.#living = new AbortController()
    this.#api.base = (this.getAttribute('base-url') || new URL(import.meta.url).origin).replace(/\/+$/, '')
    this.#draw()
    this.#follow(this.#living.signal)
  }

  #forget() {
    for (const { window: opened } of this.#doing.values()) opened?.cancel()
    this.#doing.clear()
    this.#list = undefined
  }

  /**
   * The stream; where it cannot be had, a look now and then. A page that nobody sees holds no connection: browsers have six
   * for each host.
   */
  async #follow(signal) {
    for (let pause = FIRST_PAUSE_MS; !signal.aborted; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      await seen(signal)
      const stream = whileSeen(signal)
      try {
        await this.#api.follow('/services/stream', stream, (list) => {
          pause = FIRST_PAUSE_MS
          this.#take(list)
        })
      } catch (error) {
        if (!stream.aborted) await this.#look(signal, error)
      }
      if (!stream.aborted) await rest(pause, signal)
    }
  }

  async #look(signal, before) {
    try {
      if (before.status === 401 || before.status === 403) throw before
      this.#take(await this.#api.call('GET', '/services', { signal }))
    } catch (error) {
      if (signal.aborted) return
      if (error.status !== 401) this.#say('credence-error', { code: error.code ?? 'UNAVAILABLE', detail: error.message })
      this.#problem = error
      this.#draw()
    }
  }

  #take(list) {
    this.#list = list
    this.#problem = undefined
    this.#draw()
  }

  async #tokenFor(isRefused) {
    if (this.#token === '' || isRefused) await this.#renew(isRefused)
    if (this.#token === '') throw new Refusal({ status: 401, code: 'TOKEN_MISSING', detail: 'The page has given no token.' })
    return this.#token
  }

  /** Asks the page once for a token, whoever waits for it: by its function, else by an event. */
  #renew(isRefused = false) {
    this.#asked ??= (async () => {
      const came = new Promise((resolve) => this.#waiters.push(resolve))
      const { exp = 0 } = claimsOf(this.#token)
      const detail = { expires_at: exp === 0 ? null : new Date(exp * 1000).toISOString() }
      if (exp !== 0) this.#say(isRefused ? 'credence-token-expired' : 'credence-token-expiring', detail)
      try {
        const token = await this.#getToken?.()
        if (token) this.token = token
      } catch (error) {
        this.#say('credence-error', { code: 'TOKEN_MISSING', detail: String(error?.message ?? error) })
      }
      await Promise.race([came, rest(TOKEN_WAIT_MS)])
      this.#asked = undefined
    })()
    return this.#asked
  }

  #end() {
    this.#isOver = true
    this.#say('credence-token-expired', { expires_at: new Date((claimsOf(this.#token).exp ?? 0) * 1000).toISOString() })
    this.#draw()
  }

  #say(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { bubbles: true, composed: true, detail }))
  }

  #announce(text) {
    this.#live.textContent = text
  }

  async #connect({ key, service, connection }) {
    const opened = new ConnectWindow(this.#api, openWindow(), () => this.#draw())
    this.#do(key, { window: opened })
    this.#announce(`Opening a window for ${service.name}.`)
    try {
      const order = connection ? { credential_id: connection.credential_id } : { provider_id: service.provider_id }
      const session = await opened.run(order)
      this.#doing.delete(key)
      if (session?.state === 'connected') await this.#connected(service, session)
      else if (session) this.#fail(key, { code: session.code ?? session.state.toUpperCase(), detail: endOf(session) })
      else if (opened.isLost) this.#fail(key, { code: 'WINDOW_LOST', detail: LOST })
      else this.#focusOn(key, 'connect')
    } catch (error) {
      opened.cancel()
      this.#fail(key, { code: error.code ?? 'UNAVAILABLE', detail: error.name === 'AbortError' ? '' : problemOf(error) })
    }
    this.#draw()
  }

  async #connected(service, { credential_id }) {
    const detail = { provider_id: service.provider_id, credential_id, name: service.name }
    this.#take(await this.#api.call('GET', '/services').catch(() => this.#list))
    this.#announce(`${service.name} is connected.`)
    this.#focusOn(`c:${credential_id}`, 'disconnect')
    this.#say('credence-connected', detail)
  }

  #fail(key, { code, detail }) {
    this.#doing.delete(key)
    if (detail !== '') this.#doing.set(key, { problem: detail })
    this.#announce(detail || 'Cancelled.')
    if (detail !== '') this.#say('credence-error', { code, detail })
    this.#draw()
    this.#focusOn(key, 'connect')
  }

  async #disconnect({ key, service, connection }) {
    const { inUse, isBusy } = this.#doing.get(key) ?? {}
    if (isBusy) return
    this.#do(key, { asks: true, inUse, isBusy: true })
    const { credential_id } = connection
    try {
      await this.#api.call('DELETE', `/credentials/${credential_id}${inUse ? '?force=true' : ''}`)
      this.#doing.delete(key)
      this.#take(await this.#api.call('GET', '/services').catch(() => this.#list))
      this.#announce(`${service.name} is disconnected.`)
      this.#focusOn(`p:${service.provider_id}`, 'connect')
      this.#say('credence-disconnected', { provider_id: service.provider_id, credential_id, name: service.name })
    } catch (error) {
      if (error.code === 'CREDENTIAL_IN_USE') this.#do(key, { asks: true, inUse: true })
      else this.#fail(key, { code: error.code, detail: problemOf(error) })
    }
  }

  #do(key, doing) {
    this.#doing.set(key, doing)
    this.#draw()
  }

  #actsOf(row) {
    const { key } = row
    return {
      isGuest: this.#list.guest,
      connect: () => this.#connect(row),
      again: () => this.#doing.get(key)?.window?.again(),
      cancel: () => this.#doing.get(key)?.window?.cancel(),
      ask: () => {
        this.#do(key, { asks: true })
        this.#focusOn(key, 'keep')
      },
      keep: () => {
        this.#doing.delete(key)
        this.#draw()
        this.#focusOn(key, 'disconnect')
      },
      disconnect: () => this.#disconnect(row),
    }
  }

  #focusOn(key, button) {
    this.#draw()
    this.#rows.get(key)?.querySelector(`[data-key="${button}"]`)?.focus()
  }

  #draw() {
    const heading = this.getAttribute('heading') ?? 'Connected services'
    this.#frame ??= this.#makeFrame()
    const { title, sum, find, body } = this.#frame
    title.textContent = heading
    title.hidden = heading === ''
    this.setAttribute('aria-busy', String(this.#list === undefined && this.#problem === undefined && !this.#isOver))
    sum.textContent = this.#list ? sumOf(this.#list) : ''
    find.hidden = (this.#list?.services.length ?? 0) <= MANY
    this.#keepFocus(() => this.#arrange(body))
  }

  /** Rows that stay where they are are not touched, so that nothing is read out twice. */
  #arrange(body) {
    const notices = this.#notices()
    const groups = this.#list ? this.#groups() : []
    const isEmpty = !this.#list && notices.length === 0
    const shape = JSON.stringify([
      notices.map((one) => one.textContent),
      groups.map(({ name, rows }) => [name, rows.map(({ key }) => key)]),
      isEmpty,
    ])
    const kept = new Map(groups.flatMap(({ rows }) => rows.map((row) => [row.key, this.#drawn(row)])))
    this.#rows = kept
    if (body.shape === shape) return
    body.shape = shape
    const nothing = this.#find === '' ? 'There is nothing to connect yet.' : 'No service has this name.'
    body.replaceChildren(
      ...notices,
      ...groups.flatMap(({ name, rows }) => [
        el('h3', {}, name),
        el('ul', { part: 'list', role: 'list', 'aria-label': name }, ...rows.map(({ key }) => kept.get(key))),
      ]),
      ...(this.#list && groups.length === 0 ? [el('p', { class: 'empty' }, nothing)] : []),
      ...(isEmpty ? [skeleton()] : []),
    )
  }

  #drawn(row) {
    const li = this.#rows.get(row.key) ?? el('li', { part: 'row', 'data-row': row.key })
    const doing = this.#doing.get(row.key) ?? {}
    const look = JSON.stringify([row, { ...doing, window: doing.window && [doing.window.phase, doing.window.link] }, this.#list.guest])
    if (li.look !== look) li.replaceChildren(...drawRow(row, doing, this.#actsOf(row)))
    li.look = look
    return li
  }

  /** What is drawn anew or moved loses the focus: it goes back to the same button, or to the row's first. */
  #keepFocus(draw) {
    const focused = this.#root.activeElement
    const { row } = focused?.closest('li')?.dataset ?? {}
    draw()
    if (!focused || this.#root.activeElement === focused) return
    if (focused.isConnected) return focused.focus()
    const at = this.#rows.get(row)
    const same = at?.querySelector(`[data-key="${focused.dataset.key}"]`) ?? at?.querySelector('[data-key]')
    same?.focus()
  }

  #frame
  #makeFrame() {
    const title = el('h2', { part: 'heading', id: 'title' })
    const sum = el('p', { class: 'sum' })
    const input = el('input', {
      type: 'search',
      placeholder: 'Find a service',
      'aria-label': 'Find a service',
      part: 'search',
      autocomplete: 'off',
    })
    input.addEventListener('input', () => {
      this.#find = input.value.trim().toLowerCase()
      this.#draw()
    })
    const find = el('div', { class: 'find' }, input)
    const body = el('div', { class: 'body' })
    const head = el('header', {}, title, sum)
    this.#root.append(el('section', { class: 'panel', part: 'panel', 'aria-labelledby': 'title' }, head, find, body, this.#live))
    return { title, sum, find, body }
  }

  #notices() {
    const notice = (tone, drawing, text) => el('div', { class: `notice ${tone}`, part: 'notice' }, icon(drawing), el('p', {}, text))
    if (this.#isOver) return [notice('warn', 'clock', 'This list is not up to date any more. Reload the page to go on.')]
    if (this.#problem)
      return [notice('bad', 'warn', this.#problem.status === 401 ? 'Reload the page to see your services.' : problemOf(this.#problem))]
    return this.#list?.guest ? [notice('quiet', 'info', 'Sign in to connect your accounts.')] : []
  }

  #groups() {
    const rows = rowsOf(this.#list).filter(({ service }) => service.name.toLowerCase().includes(this.#find))
    const isHeld = ({ connection }) => connection !== undefined
    const groups = [
      { name: 'Your accounts', rows: rows.filter(isHeld) },
      { name: 'Available', rows: rows.filter((row) => !isHeld(row)) },
    ]
    return groups.filter((group) => group.rows.length > 0)
  }
}

if (!customElements.get('credence-connected-services')) customElements.define('credence-connected-services', ConnectedServices)

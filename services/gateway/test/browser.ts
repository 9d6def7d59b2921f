/** A browser as far as the pages need one: a cookie jar, forms by their hidden inputs, redirects followed on our own host only. */
export class Browser {
  readonly #origin: string
  readonly #cookies = new Map<string, string>()

  constructor(origin: string) {
    this.#origin = origin
  }

  get cookie(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  async get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Visit> {
    return this.#send(path, { headers })
  }

  /** Posts a form as the page at `from` would: with its hidden inputs. */
  async post(path: string, inputs: Readonly<Record<string, string | readonly string[]>>, options: PostOptions = {}): Promise<Visit> {
    const csrf = options.csrf ?? (await this.csrf(options.from ?? path.replace(/\/[^/]+$/, '')))
    const body = new URLSearchParams({ csrf })
    for (const [name, value] of Object.entries(inputs)) for (const one of [value].flat()) body.append(name, one)
    return this.#send(path, { method: 'POST', headers: { 'sec-fetch-site': 'same-origin', ...options.headers }, body })
  }

  /** The hidden input of the page at this address. */
  async csrf(path: string): Promise<string> {
    const { text } = await this.get(path)
    return /name="csrf"\s+value="([^"]+)"/.exec(text)?.[1] ?? ''
  }

  async #send(path: string, init: RequestInit): Promise<Visit> {
    const headers = { ...(init.headers as Record<string, string>), ...(this.cookie === '' ? {} : { cookie: this.cookie }) }
    const answer = await fetch(new URL(path, this.#origin), { ...init, headers, redirect: 'manual' })
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') this.#cookies.delete(name)
      else this.#cookies.set(name, value)
    }
    return { status: answer.status, headers: answer.headers, location: answer.headers.get('location') ?? '', text: await answer.text() }
  }
}

interface PostOptions {
  readonly csrf?: string
  readonly from?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface Visit {
  readonly status: number
  readonly headers: Headers
  readonly location: string
  readonly text: string
}

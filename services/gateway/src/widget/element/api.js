// The panel's API: JSON in and out, with the token in a header. No cookie is sent or taken.

/** What the platform refused, or `OFFLINE`. */
export class Refusal extends Error {
  constructor({ status = 0, code = 'OFFLINE', detail = 'The service cannot be reached.' }) {
    super(detail)
    Object.assign(this, { status, code })
  }
}

export class Api {
  /** `tokenFor(isRefused)` answers the token, a new one where the last was refused. */
  constructor(base, tokenFor) {
    Object.assign(this, { base, tokenFor })
  }

  async call(method, path, { body, signal } = {}) {
    const answer = await this.#send(method, path, { body, signal })
    return answer.status === 204 ? undefined : answer.json()
  }

  /** Reads server-sent events; returns when the stream ends. */
  async follow(path, signal, take) {
    const answer = await this.#send('GET', path, { signal, accept: 'text/event-stream' })
    const decoder = new TextDecoder()
    const reader = answer.body.getReader()
    for (let text = ''; ; ) {
      const { done, value } = await reader.read()
      if (done) return
      text += decoder.decode(value, { stream: true })
      const blocks = text.split('\n\n')
      text = blocks.pop()
      for (const block of blocks) {
        const data = /^data: (.*)$/m.exec(block)
        if (data) take(JSON.parse(data[1]))
      }
    }
  }

  async #send(method, path, { body, signal, accept = 'application/json' }, isSecond = false) {
    const token = await this.tokenFor(isSecond)
    const headers = { accept, authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) }
    const init = { method, headers, credentials: 'omit', cache: 'no-store', referrerPolicy: 'no-referrer', signal }
    const answer = await fetch(`${this.base}/widget/api${path}`, { ...init, ...(body ? { body: JSON.stringify(body) } : {}) }).catch(
      (error) => {
        throw signal?.aborted ? error : new Refusal({})
      },
    )
    if (answer.ok) return answer
    const problem = await answer.json().catch(() => ({}))
    if (answer.status === 401 && !isSecond) return this.#send(method, path, { body, signal, accept }, true)
    throw new Refusal({ ...problem, status: answer.status, code: problem.code ?? 'UNAVAILABLE' })
  }
}

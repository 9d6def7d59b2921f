import type { Inside } from './platform.ts'

/** Pages that hold a widget; the project of a widget's scene lists both. */
export const HOST = 'https://app.acme.example'
export const OTHER = 'https://beta.acme.example'

/** A platform, in a scene or in a journey. */
interface At {
  readonly platform: Pick<Inside, 'admin' | 'public'>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Readonly<Record<string, unknown>>
}

export interface Connection {
  readonly credential_id: string
  readonly state: string
  readonly label: string
  readonly account?: string
  readonly own: boolean
  readonly reason?: string
}

export interface Service {
  readonly provider_id: string
  readonly name: string
  readonly state: string
  readonly connections: readonly Connection[]
}

export interface ServiceList {
  readonly services: readonly Service[]
  readonly guest: boolean
}

/** One request and its JSON answer. */
export async function ask(url: string, init: RequestInit = {}): Promise<Answer> {
  const answer = await fetch(url, init)
  const text = await answer.text()
  return { status: answer.status, headers: answer.headers, body: text.startsWith('{') ? JSON.parse(text) : { text } }
}

/** The backend's mint call; a text is sent as it is. */
export function mintAt(
  { platform, key: own }: At & { readonly key: string },
  body: unknown,
  { key = own, headers = {} }: { readonly key?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<Answer> {
  return ask(`${platform.admin}/widget/mint-token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key === '' ? {} : { authorization: `Bearer ${key}` }), ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

export function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
}

export type Panel = (method: string, path: string, body?: object) => Promise<Answer>

/** Calls of the panel's API as a page of `origin` sends them; null: without `Origin`. */
export function panelAt({ platform }: At, token: string, origin: string | null = HOST): Panel {
  return (method, path, body) =>
    ask(`${platform.public}/widget/api${path}`, {
      method,
      headers: {
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
        ...(origin === null ? {} : { origin }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
}

/** The service of a provider as the panel shows it. */
export async function serviceOf(panel: Panel, providerId: string): Promise<Service | undefined> {
  const { body } = await panel('GET', '/services')
  return (body as unknown as ServiceList).services.find((service) => service.provider_id === providerId)
}

/** The lists of the state stream, newest last; `close` ends it. */
export async function followPanel({ platform }: At, token: string): Promise<{ readonly lists: readonly ServiceList[]; close(): void }> {
  const stop = new AbortController()
  const headers = { authorization: `Bearer ${token}`, origin: HOST, accept: 'text/event-stream' }
  const answer = await fetch(`${platform.public}/widget/api/services/stream`, { headers, signal: stop.signal })
  if (answer.status !== 200 || answer.body === null) throw new TypeError(`no stream: ${answer.status}`)
  const lists: ServiceList[] = []
  void read(answer.body, lists)
  return { lists, close: () => stop.abort() }
}

async function read(body: ReadableStream<Uint8Array>, lists: ServiceList[]): Promise<void> {
  let text = ''
  try {
    const decoder = new TextDecoder()
    for await (const chunk of body) {
      text += decoder.decode(chunk, { stream: true })
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const data = /^data: (.*)$/m.exec(text.slice(0, end))?.[1]
        if (data !== undefined) lists.push(JSON.parse(data))
        text = text.slice(end + 2)
      }
    }
  } catch {
    // Closed by the test.
  }
}

import { expect } from 'vitest'
import { fields, provide, type Scene } from './scene.ts'

export interface MintAnswer {
  readonly status: number
  readonly body: {
    readonly token?: string
    readonly expires_at?: string
    readonly detail?: string
    readonly code?: string
    readonly errors?: readonly { readonly pointer: string; readonly detail: string }[]
    readonly auto_authenticate?: { readonly servers: readonly MintResult[] }
  }
}

export interface MintResult {
  readonly server_name: string
  readonly status: string
  readonly authenticated_at: string | null
  readonly detail: string | null
}

type Header = readonly [name: string, value: string]
type Server = ReturnType<typeof server>

/** One requested server. */
export function server(server_name: string, ...headers: readonly Header[]): { server_name: string; headers: object[] } {
  return { server_name, headers: headers.map(([header_name, header_value]) => ({ header_name, header_value })) }
}

export const auth = (value: string): Header => ['Authorization', value]

export const bearer: object = { type: 'BEARER', fields: fields('token*') }

/** A backend's mint calls at a scene, and what of them the API then gets. */
export class Minting {
  readonly #scene: Scene
  #named = 0
  /** All that was answered, for the canary search. */
  readonly answers: string[] = []

  constructor(scene: Scene) {
    this.#scene = scene
  }

  /** A text is sent as it is. */
  async mint(body: unknown): Promise<MintAnswer> {
    const answer = await fetch(`${this.#scene.platform.admin}/widget/mint-token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${this.#scene.key}` },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
    const text = await answer.text()
    this.answers.push(text)
    return { status: answer.status, body: JSON.parse(text) }
  }

  async resultsOf(email: string, servers: readonly Server[], force?: boolean): Promise<readonly MintResult[]> {
    const wanted = { ...(force === undefined ? {} : { force }), servers }
    const { status, body } = await this.mint({ user_email: email, auto_authenticate: wanted })
    expect(status, JSON.stringify(body)).toBe(200)
    return body.auto_authenticate?.servers ?? []
  }

  async resultOf(email: string, one: Server, force?: boolean): Promise<MintResult> {
    const [result] = await this.resultsOf(email, [one], force)
    if (result === undefined) throw new TypeError('no result')
    return result
  }

  /** A header-auth server of the test's own; answers its name. */
  async bearerServer(members: object = {}, name: string = `Server ${++this.#named}`): Promise<string> {
    await provide(this.#scene, bearer, { display_name: name, ...members })
    return name
  }

  async credentialFor(email: string, name: string): Promise<string> {
    return (await this.#scene.credence.credentials.resolve(name, { userEmail: email })).credentialId
  }

  /** The headers that the API got of one proxied call of this user, at a server. */
  async sent(email: string, serverName: string): Promise<Record<string, unknown>> {
    return this.sentWith(email, await this.credentialFor(email, serverName))
  }

  /** The same, with one credential. */
  async sentWith(email: string, credentialId: string): Promise<Record<string, unknown>> {
    const response = await this.#scene.credence.forUser(`email:${email}`).fetch(credentialId, '/x')
    expect(response.status).toBe(200)
    await response.arrayBuffer()
    return { ...this.#scene.api.requests.at(-1)?.headers }
  }
}

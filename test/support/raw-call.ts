import { type Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { connect as connectTcp } from 'node:net'
import { type Scene, USER } from './scene.ts'

/** An answer as it stood on the connection. */
export interface Raw {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly raw: readonly string[]
  readonly body: Buffer
  readonly complete: boolean
}

export interface RawOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | string[]>>
  readonly agent?: Agent
}

/** The call as a program writes it: fetch forbids headers that an agent may well send. */
export function rawCallOf(scene: Scene, call: RawOptions & { readonly credential: string; readonly path: string }): Promise<Raw> {
  const { hostname, port } = new URL(scene.platform.data)
  const headers = { authorization: `Bearer ${scene.key}`, 'credence-user': USER, ...call.headers }
  const to = { hostname, port, path: `/v1/proxy/${call.credential}${call.path}`, headers, method: call.method ?? 'GET' }
  return new Promise((resolve, reject) => {
    const sending = httpRequest({ ...to, ...(call.agent === undefined ? {} : { agent: call.agent }) }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', () => undefined)
      response.on('close', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          raw: response.rawHeaders,
          body: Buffer.concat(chunks),
          complete: response.complete,
        }),
      )
    })
    sending.on('error', reject)
    sending.end()
  })
}

/** Writes the text on a socket of its own and gives back all that was answered until it closed. */
export function overTcp(scene: Scene, text: string): Promise<string> {
  const { hostname, port } = new URL(scene.platform.data)
  return new Promise((resolve, reject) => {
    const socket = connectTcp(Number(port), hostname, () => socket.write(text))
    let said = ''
    socket.on('data', (chunk: Buffer) => (said += chunk.toString()))
    socket.on('close', () => resolve(said))
    socket.on('error', reject)
    socket.setTimeout(20_000, () => socket.destroy(new Error('the connection stayed open')))
  })
}

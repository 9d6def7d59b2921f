import { connect, type Socket } from 'node:net'
import type { Sample } from '../runner.ts'

/** What every connection asks for again and again. */
export interface HttpLoad {
  readonly port: number
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly connections: number
}

type Loaded = Omit<Sample, 'cpuUs'>

/** Beyond this share of refusals what is measured is another thing. */
const MOST_REFUSED = 0.05
const HEAD_END = Buffer.from('\r\n\r\n')
/** The last chunk (RFC 9112 §7.1). No body of the bench contains these bytes. */
const LAST_CHUNK = Buffer.from('0\r\n\r\n')

/**
 * HTTP/1.1 by hand: a client library would need more CPU per call than what is measured. Each connection sends its next
 * request when the answer before it has ended. A caller that is refused with 503, which
 * a disk that is slow for others too brings about, ends there and is counted. Throws when an answer is neither 200 nor 503, or when
 * many are refused.
 */
export async function httpLoad(load: HttpLoad, ms: number): Promise<Loaded> {
  const seen: Seen = { latencies: [], refused: 0 }
  const callers = await Promise.all(Array.from({ length: load.connections }, () => openCaller(load)))
  const start = performance.now()
  const until = start + ms
  await Promise.all(callers.map((caller) => repeat(caller, until, seen)))
  const elapsed = performance.now() - start
  for (const caller of callers) caller.close()
  const { latencies, refused } = seen
  if (refused > Math.max(load.connections, latencies.length * MOST_REFUSED))
    throw new TypeError(`${refused} calls were refused, ${latencies.length} were not`)
  return { ops: latencies.length, ms: elapsed, latencies, refused }
}

interface Seen {
  readonly latencies: number[]
  refused: number
}

async function repeat(caller: HttpCaller, until: number, seen: Seen): Promise<void> {
  do {
    const began = performance.now()
    const { status } = await caller.call()
    if (status === 200) seen.latencies.push(performance.now() - began)
    else if (status === 503) return void seen.refused++
    else throw new TypeError(`a call of the load was answered ${status}`)
  } while (performance.now() < until)
}

export interface HttpAnswer {
  readonly status: number
  /** Of head and body, framing included. */
  readonly bytes: number
  /** Of the first byte of the answer, `performance.now()`. */
  readonly firstByteAt: number
}

/** A keep-alive connection to one address that asks one thing. */
export async function openCaller(load: Omit<HttpLoad, 'connections'>): Promise<HttpCaller> {
  const socket = connect({ port: load.port, host: '127.0.0.1', noDelay: true })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  const headers = Object.entries({ host: `127.0.0.1:${load.port}`, ...load.headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  return new HttpCaller(socket, Buffer.from(`GET ${load.path} HTTP/1.1\r\n${headers.join('')}\r\n`))
}

export class HttpCaller {
  readonly #socket: Socket
  readonly #request: Buffer
  #settle: { resolve: (answer: HttpAnswer) => void; reject: (error: unknown) => void } | undefined
  #head: Buffer | undefined
  #status = 0
  #firstByteAt = 0
  #bytes = 0
  /** Bytes of the body that are still to come; undefined: chunked. */
  #left: number | undefined
  #tail: Buffer = Buffer.alloc(0)

  constructor(socket: Socket, request: Buffer) {
    this.#socket = socket
    this.#request = request
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('close', () => this.#settle?.reject(new TypeError('the connection ended before its answer')))
    socket.on('error', () => socket.destroy())
  }

  call(): Promise<HttpAnswer> {
    this.#head = Buffer.alloc(0)
    this.#bytes = 0
    this.#firstByteAt = 0
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
      if (this.#socket.destroyed) reject(new TypeError('the connection has ended'))
      else this.#socket.write(this.#request)
    })
  }

  close(): void {
    this.#settle = undefined
    this.#socket.destroy()
  }

  #take(chunk: Buffer): void {
    if (this.#firstByteAt === 0) this.#firstByteAt = performance.now()
    this.#bytes += chunk.byteLength
    if (this.#head === undefined) this.#takeBody(chunk)
    else this.#takeHead(this.#head, chunk)
  }

  #takeHead(before: Buffer, chunk: Buffer): void {
    const head = before.byteLength === 0 ? chunk : Buffer.concat([before, chunk])
    const end = head.indexOf(HEAD_END)
    this.#head = head
    if (end === -1) return
    const text = head.toString('latin1', 0, end)
    this.#head = undefined
    this.#status = Number(text.slice(9, 12))
    const length = /\r\ncontent-length: (\d+)/i.exec(text)?.[1]
    this.#left = length === undefined ? undefined : Number(length)
    this.#tail = Buffer.alloc(0)
    this.#takeBody(head.subarray(end + HEAD_END.byteLength))
  }

  #takeBody(chunk: Buffer): void {
    if (this.#left !== undefined) {
      this.#left -= chunk.byteLength
      if (this.#left <= 0) this.#end()
      return
    }
    this.#tail = chunk.byteLength >= LAST_CHUNK.byteLength ? chunk : Buffer.concat([this.#tail, chunk])
    if (this.#tail.subarray(-LAST_CHUNK.byteLength).equals(LAST_CHUNK)) this.#end()
  }

  #end(): void {
    const settle = this.#settle
    this.#settle = undefined
    settle?.resolve({ status: this.#status, bytes: this.#bytes, firstByteAt: this.#firstByteAt })
  }
}

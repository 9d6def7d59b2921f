import type { Socket } from 'node:net'
import { CodedError } from '@credence/errors'
import { type SwappedHead, type SwappedSecret, swapPlaceholders } from './placeholder.ts'
import { MARK_HEADER } from './request-head.ts'
import type { Slabs } from './slabs.ts'

/** The request whose head is about to be written. */
export interface Departure {
  readonly secrets: readonly SwappedSecret[]
  /** Its answer has ended, so that the next write on the socket begins another request. */
  readonly finished: boolean
  /** Called before the first byte; a throw means that none is written. */
  depart(socket: Socket): void
  /** Called when the socket has been given the head, before anything else can happen. */
  departed(): void
  /** Nothing was written, for this reason. */
  refused(error: unknown): void
}

type Write = (chunk: string | Uint8Array, encoding?: BufferEncoding | WriteCallback, callback?: WriteCallback) => boolean
type WriteCallback = (error?: Error | null) => void

/**
 * Puts the swap between the dispatcher and the socket.
 * G1 Every head names its request by a mark, which is cut out; a head without a known mark is not written.
 * G2 A mark departs once: what the dispatcher would send a second time is refused, so no request is ever repeated.
 * G3 `depart` and the write of the first byte are one call stack.
 * G4 A head with a secret is one buffer with memory of its own, written alone and zeroed when the socket has let go of it.
 *    (Several corked writes would be joined by TLS in a copy that nobody zeroes.)
 */
export function guardSocket(socket: Socket, slabs: Slabs, take: (mark: string) => Departure | undefined): void {
  const write: Write = socket.write.bind(socket) as Write
  let current: Departure | undefined
  const guarded: Write = (chunk, encoding, callback) => {
    if (current !== undefined && !current.finished) return write(chunk, encoding, callback)
    const { head, mark, rest } = takeHead(chunk)
    const departure = mark === undefined ? undefined : take(mark)
    const done = typeof encoding === 'function' ? encoding : callback
    try {
      if (departure === undefined) throw new CodedError('INTERNAL', 'A request head without its mark was not written.')
      if (!socket.writable) throw new CodedError('UPSTREAM_UNREACHABLE', undefined, { facts: { cause: 'connect' } })
      departure.depart(socket)
      const swapped = swapPlaceholders(head, departure.secrets, slabs)
      departure.departed()
      current = departure
      return uncorked(socket, () => writeHead(write, { head: swapped ?? head, rest, done }))
    } catch (error) {
      departure?.refused(error)
      socket.destroy()
      throw error
    }
  }
  socket.write = guarded as Socket['write']
}

const MARK_START = `\r\n${MARK_HEADER}: `

/** The head without its mark; `rest` is what a dispatcher wrote together with it, beyond the empty line. */
function takeHead(chunk: string | Uint8Array): { head: string; mark: string | undefined; rest: string } {
  const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1')
  const empty = text.indexOf('\r\n\r\n')
  const length = empty < 0 ? text.length : empty + 4
  const start = text.indexOf(MARK_START)
  const end = text.indexOf('\r\n', start + 2)
  if (start < 0 || end < 0 || end > length) return { head: text.slice(0, length), mark: undefined, rest: '' }
  return {
    head: text.slice(0, start) + text.slice(end, length),
    mark: text.slice(start + MARK_START.length, end),
    rest: text.slice(length),
  }
}

function writeHead(write: Write, part: { head: string | SwappedHead; rest: string; done: WriteCallback | undefined }): boolean {
  const { head, rest, done } = part
  if (typeof head === 'string') return write(head + rest, 'latin1', done)
  const free = write(head.bytes, (error) => {
    head.release()
    if (rest === '') done?.(error)
  })
  return rest === '' ? free : write(rest, 'latin1', done)
}

function uncorked(socket: Socket, write: () => boolean): boolean {
  const corks = socket.writableCorked
  for (let i = 0; i < corks; i++) socket.uncork()
  try {
    return write()
  } finally {
    for (let i = 0; i < corks; i++) socket.cork()
  }
}

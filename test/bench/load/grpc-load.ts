import { type ClientHttp2Session, connect, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2'
import type { TlsIdentity } from '@credence/rpc'
import type { Sample } from '../runner.ts'

type Loaded = Omit<Sample, 'cpuUs'>

/** Open HTTP/2 connections to a gRPC listener. */
export interface GrpcTarget {
  /** Sends one message and resolves at the end of the answer. Throws when its status is not OK. */
  call(path: string, headers: OutgoingHttpHeaders, message: Uint8Array): Promise<void>
  close(): void
}

/** gRPC by hand (HTTP/2, five bytes before each message): a generated client needs more CPU per call than the server. */
export async function openGrpc(
  address: string,
  options: { readonly tls?: TlsIdentity; readonly connections?: number } = {},
): Promise<GrpcTarget> {
  const { tls, connections = 4 } = options
  const open = (): Promise<ClientHttp2Session> => openSession(address, tls)
  const sessions = await Promise.all(Array.from({ length: connections }, open))
  let next = 0
  return {
    call: (path, headers, message) => callOnce(sessions[next++ % connections]!, { ...headers, ':path': path }, message),
    close: () => sessions.forEach((session) => void session.close()),
  }
}

function openSession(address: string, tls: TlsIdentity | undefined): Promise<ClientHttp2Session> {
  const session =
    tls === undefined
      ? connect(`http://${address}`)
      : connect(`https://${address}`, { ca: tls.caPem, cert: tls.certPem, key: tls.keyPem, servername: 'localhost' })
  return new Promise((resolve, reject) => {
    session.once('connect', () => resolve(session))
    session.on('error', reject)
  })
}

function callOnce(session: ClientHttp2Session, headers: OutgoingHttpHeaders, message: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers', ...headers })
    let status: string | undefined
    let words = ''
    const look = (found: IncomingHttpHeaders): void => {
      status = (found['grpc-status'] as string | undefined) ?? status
      words = (found['grpc-message'] as string | undefined) ?? words
    }
    stream.on('response', look)
    stream.on('trailers', look)
    stream.on('error', reject)
    stream.on('close', () => (status === '0' ? resolve() : reject(new TypeError(`a call ended with gRPC status ${status} ${words}`))))
    stream.resume()
    stream.end(framed(message))
  })
}

export function framed(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(5 + message.byteLength)
  frame[0] = 0
  frame.writeUInt32BE(message.byteLength, 1)
  frame.set(message, 5)
  return frame
}

/** So many callers, each with its next call when the one before has ended. `call` is told which caller it is. */
export async function loop(
  call: (caller: number) => Promise<void>,
  { concurrent, ms }: { readonly concurrent: number; readonly ms: number },
): Promise<Loaded> {
  const latencies: number[] = []
  const start = performance.now()
  const until = start + ms
  const one = async (caller: number): Promise<void> => {
    do {
      const began = performance.now()
      await call(caller)
      latencies.push(performance.now() - began)
    } while (performance.now() < until)
  }
  await Promise.all(Array.from({ length: concurrent }, (_, caller) => one(caller)))
  return { ops: latencies.length, ms: performance.now() - start, latencies }
}

import { once } from 'node:events'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import tls from 'node:tls'
import { isCoded } from '@credence/errors'
import { createAuthority, systemClock, systemRandom } from '@credence/service'
import { afterEach, describe, expect, test } from 'vitest'
import { type Departure, guardSocket } from './guarded-socket.ts'
import { newPlaceholder } from './placeholder.ts'
import { MARK_HEADER } from './request-head.ts'
import { Slabs } from './slabs.ts'

/** A socket whose other end is a list of what was given to the kernel in one piece. */
class Recorder extends Duplex {
  readonly pieces: string[] = []
  readonly buffers: Uint8Array[] = []

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.pieces.push(chunk.toString('latin1'))
    this.buffers.push(chunk)
    callback()
  }

  override _writev(chunks: { chunk: Buffer }[], callback: () => void): void {
    this.pieces.push(Buffer.concat(chunks.map(({ chunk }) => chunk)).toString('latin1'))
    callback()
  }
}

interface Noted extends Departure {
  finished: boolean
  readonly log: string[]
}

function departure(secrets: Departure['secrets'] = []): Noted {
  const log: string[] = []
  return {
    secrets,
    finished: false,
    log,
    depart: () => log.push('depart'),
    departed: () => log.push('departed'),
    refused: (error) => log.push(isCoded(error) ? error.code : String(error)),
  }
}

function guarded(departures: Record<string, Departure>): { recorder: Recorder; socket: Socket } {
  const recorder = new Recorder().on('error', () => undefined)
  const socket = recorder as unknown as Socket
  guardSocket(socket, new Slabs(), (mark) => {
    const found = departures[mark]
    delete departures[mark]
    return found
  })
  return { recorder, socket }
}

const head = (mark: string, lines = ''): string => `GET /x HTTP/1.1\r\nhost: a\r\n${lines}${MARK_HEADER}: ${mark}\r\n\r\n`
const placeholder = newPlaceholder(systemRandom)
const secrets = [{ placeholder, bytes: Buffer.from('s3cret') }]

describe('a guarded socket', () => {
  test('[S2-17] cuts the mark out and puts the secret in, whether the head is text or bytes', () => {
    for (const form of [(text: string) => text, (text: string) => Buffer.from(text, 'latin1')]) {
      const { recorder, socket } = guarded({ m1: departure(secrets) })
      socket.write(form(head('m1', `x-key: ${placeholder}é\r\n`)), 'latin1')
      expect(recorder.pieces).toEqual(['GET /x HTTP/1.1\r\nhost: a\r\nx-key: s3creté\r\n\r\n'])
    }
  })

  test('tells of the departure before the first byte, and only once that the head is out', () => {
    const flight = departure()
    const { recorder, socket } = guarded({ m1: flight })
    const before: number[] = []
    flight.depart = () => before.push(recorder.pieces.length)
    socket.write(head('m1'))
    expect(before).toEqual([0])
    expect(flight.log).toEqual(['departed'])
  })

  test('[B-3] writes no head that has no known mark, and none a second time', () => {
    const flight = departure()
    const { recorder, socket } = guarded({ m1: flight })
    socket.write(head('m1'))
    flight.finished = true
    for (const text of [head('m1'), head('m2'), 'GET / HTTP/1.1\r\n\r\n', `GET / HTTP/1.1\r\n\r\n${MARK_HEADER}: m2\r\n`]) {
      expect(() => socket.write(text)).toThrow(expect.objectContaining({ code: 'INTERNAL' }))
    }
    expect(recorder.pieces).toHaveLength(1)
    expect(recorder.destroyed).toBe(true)
  })

  test('[B-3] writes nothing when the departure is refused or a placeholder is unknown', () => {
    const refusing = departure(secrets)
    refusing.depart = () => {
      throw new TypeError('stop')
    }
    const first = guarded({ m1: refusing })
    expect(() => first.socket.write(head('m1', `x: ${placeholder}\r\n`))).toThrow('stop')
    expect([first.recorder.pieces, refusing.log]).toEqual([[], ['TypeError: stop']])
    const unknowing = departure()
    const second = guarded({ m1: unknowing })
    expect(() => second.socket.write(head('m1', `x: ${placeholder}\r\n`))).toThrow()
    expect([second.recorder.pieces, unknowing.log]).toEqual([[], ['depart', 'INVALID_REQUEST']])
  })

  test('[S2-17] lets bodies pass as they are, placeholders and all', () => {
    const { recorder, socket } = guarded({ m1: departure(secrets) })
    socket.write(head('m1'))
    const body = Buffer.from(`{"x": "${placeholder}"}`)
    socket.write(body)
    expect(recorder.buffers[1]).toBe(body)
  })

  test('[S2-17] writes a head alone although it came corked with its body, and zeroes it', async () => {
    const { recorder, socket } = guarded({ m1: departure(secrets) })
    const written = new Promise((resolve) => {
      socket.cork()
      socket.write(head('m1', `x: ${placeholder}\r\n`), 'latin1', resolve)
      socket.write('body')
      socket.uncork()
    })
    expect(recorder.pieces).toEqual(['GET /x HTTP/1.1\r\nhost: a\r\nx: s3cret\r\n\r\n', 'body'])
    await written
    expect(recorder.buffers[0]?.every((byte) => byte === 0)).toBe(true)
  })

  test('refuses a socket that can no longer be written to, without a departure', () => {
    const flight = departure()
    const { recorder, socket } = guarded({ m1: flight })
    recorder.end()
    expect(() => socket.write(head('m1'))).toThrow(expect.objectContaining({ code: 'UPSTREAM_UNREACHABLE' }))
    expect(flight.log).toEqual(['UPSTREAM_UNREACHABLE'])
  })
})

describe('a guarded TLS socket', () => {
  const open: { destroy?: () => void; close?: () => void }[] = []
  afterEach(() => {
    for (const thing of open.splice(0)) {
      thing.destroy?.()
      thing.close?.()
    }
  })

  test('[S2-17] zeroes the head once it is encrypted, and the other end has it whole', async () => {
    const authority = createAuthority({ random: systemRandom, clock: systemClock, name: 'test' })
    const { certPem, keyPem } = authority.issue({ commonName: 'a', dnsNames: ['a'] })
    const server = tls.createServer({ cert: certPem, key: keyPem })
    open.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const received = once(server, 'secureConnection').then(async ([peer]: Socket[]) => String((await once(peer as Socket, 'data'))[0]))
    const { port } = server.address() as { port: number }
    const socket = tls.connect({ port, host: '127.0.0.1', servername: 'a', ca: authority.certificatePem })
    open.push(socket)
    await once(socket, 'secureConnect')
    const heads: Buffer[] = []
    const write = socket.write.bind(socket) as (...args: unknown[]) => boolean
    socket.write = (...args: unknown[]) => {
      if (Buffer.isBuffer(args[0])) heads.push(args[0])
      return write(...args)
    }
    guardSocket(socket, new Slabs(), () => departure(secrets))
    await new Promise((resolve) => socket.write(head('m1', `x: ${placeholder}\r\n`), 'latin1', resolve))
    expect(await received).toContain('x: s3cret\r\n')
    expect(heads).toHaveLength(1)
    expect(heads[0]?.every((byte) => byte === 0)).toBe(true)
  })
})

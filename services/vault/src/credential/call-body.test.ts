import { isCoded } from '@credence/errors'
import { describe, expect, test } from 'vitest'
import { callBody, StreamedBody } from './call-body.ts'

async function* source(...parts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part)
}
async function textOf(body: StreamedBody): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body.chunks()) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error: unknown) => (isCoded(error) ? error.code : String(error)),
  )

describe('the body of a call', () => {
  test('is kept whole when it is small and says its length, so that it can be sent again', async () => {
    const body = await callBody({ body: source('ab', 'cd'), contentLength: 4 }, 100)
    expect(Buffer.from(body as Uint8Array).toString()).toBe('abcd')
    expect(await callBody({}, 100)).toBeUndefined()
    expect(await callBody({ body: source(), contentLength: 0 }, 100)).toBeUndefined()
    expect(await callBody({ body: source('a') }, 100)).toBeInstanceOf(StreamedBody)
    expect(await callBody({ body: source('a'), contentLength: 65_537 }, 1e6)).toBeInstanceOf(StreamedBody)
  })

  test('of another length than it says is refused, and never collected beyond it', async () => {
    let drawn = 0
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) {
        drawn += 1
        yield Buffer.alloc(1000)
      }
    }
    expect(await codeOf(callBody({ body: endless(), contentLength: 10 }, 100))).toBe('INVALID_REQUEST')
    expect(drawn).toBe(1)
    expect(await codeOf(callBody({ body: source('abc'), contentLength: 4 }, 100))).toBe('INVALID_REQUEST')
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('a')
      throw new TypeError('socket hang up')
    }
    expect(await codeOf(callBody({ body: broken(), contentLength: 4 }, 100))).toBe('INVALID_REQUEST')
  })

  test('over the limit is refused, said or streamed', async () => {
    expect(await codeOf(callBody({ body: source('a'), contentLength: 101 }, 100))).toBe('REQUEST_TOO_LARGE')
    expect(await codeOf(textOf(new StreamedBody(source('a'.repeat(60), 'b'.repeat(60)), 100)))).toBe('REQUEST_TOO_LARGE')
  })

  test('is given whole to each attempt until the call leaves', async () => {
    const body = new StreamedBody(source('one ', 'two ', 'three'), 100)
    const first = body.chunks()
    await first.next()
    // The first attempt is given up with a chunk in the hand and one that is being drawn.
    void first.next()
    await first.return(undefined)
    const second = body.chunks()
    expect(Buffer.from((await second.next()).value as Uint8Array).toString()).toBe('one ')
    body.leave()
    const rest: string[] = []
    for await (const chunk of second) rest.push(Buffer.from(chunk).toString())
    expect(rest.join('')).toBe('two three')
  })
})

import { randomBytes } from 'node:crypto'
import type { DeepPartial, SendRequest, SendResponse } from '@credence/proto/vault'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { connected, seedRecipe } from './connecting.ts'
import { codeOf, Harness, putKey } from './harness.ts'
import { type Outside, startOutside } from './outside.ts'

let outside: Outside
let harness: Harness
let key: string
let id: string

beforeAll(async () => {
  outside = await startOutside()
  harness = await Harness.start({ egress: outside.egress, maxRequestBytes: 512 * 1024 })
  key = (await putKey(harness)).key
  id = await connected(harness, { recipe: seedRecipe('bearer'), secret: { token: 'tok-1234567890' } })
})
afterAll(async () => {
  await harness.stop()
  await outside.close()
})
beforeEach(() => {
  outside.api.requests.length = 0
})

type Head = { method?: string; path?: string; headers?: [string, string][]; user?: string; noReplay?: boolean; credentialId?: string }

async function* messages(head: Head, chunks: readonly Uint8Array[] = []): AsyncGenerator<DeepPartial<SendRequest>> {
  const { headers = [], ...rest } = head
  const value = { credentialId: id, method: 'GET', path: '/x', ...rest, headers: headers.map(([name, text]) => ({ name, value: text })) }
  yield { part: { $case: 'head', value } }
  for (const chunk of chunks) yield { part: { $case: 'chunk', value: Buffer.from(chunk) } }
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly chunks: Uint8Array[]
}

async function send(head: Head, chunks?: readonly Uint8Array[], user = 'id:ann'): Promise<Answer> {
  return read(harness.caller(key, user === '' ? undefined : user).send(messages(head, chunks)))
}

async function read(answers: AsyncIterable<SendResponse>): Promise<Answer> {
  let found: Answer = { status: 0, headers: {}, chunks: [] }
  for await (const { part } of answers) {
    if (part?.$case === 'head')
      found = {
        ...found,
        status: part.value.status,
        headers: Object.fromEntries(part.value.headers.map(({ name, value }) => [name, value])),
      }
    if (part?.$case === 'chunk') found.chunks.push(part.value)
  }
  return found
}

describe('gRPC Send', () => {
  test('[S2-17] places the secret as the HTTP proxy does and takes nothing of the caller’s own', async () => {
    const { status } = await send({
      path: '/a?b=c',
      headers: [
        ['authorization', 'Bearer mine'],
        ['x-own', '1'],
      ],
    })
    expect(status).toBe(200)
    const [received] = outside.api.requests
    expect([received?.path, received?.headers.authorization, received?.headers['x-own']]).toEqual(['/a?b=c', 'Bearer tok-1234567890', '1'])
  })

  test('[S2-17] streams both ways byte for byte, in chunks of at most 64 KiB', async () => {
    const sent = [randomBytes(65_536), randomBytes(65_536), randomBytes(1_000)]
    const up = await send({ method: 'PUT', path: '/up' }, sent)
    expect(up.status).toBe(200)
    expect(outside.api.requests[0]?.bodyBytes).toBe(132_072)
    const down = await send({ path: '/big?bytes=1000000' })
    expect(Math.max(...down.chunks.map(({ length }) => length))).toBeLessThanOrEqual(65_536)
    const whole = Buffer.concat(down.chunks)
    expect([whole.length, whole[999_999]]).toEqual([1_000_000, 999_999 % 256])
  })

  test('[B-4] masks what the API echoes', async () => {
    const { chunks, headers } = await send({ path: '/reflect?form=raw&also=header' })
    expect(`${Buffer.concat(chunks)}${JSON.stringify(headers)}`).not.toContain('tok-1234567890')
  })

  test('a POST without any chunk has no body, and a body that is longer than it says is refused', async () => {
    expect((await send({ method: 'POST' })).status).toBe(200)
    expect(outside.api.requests[0]?.headers['transfer-encoding']).toBeUndefined()
    const lying = send({ method: 'POST', headers: [['content-length', '3']] }, [Buffer.from('four')])
    expect(await codeOf(lying)).toBe('INVALID_REQUEST')
    expect(await codeOf(send({ method: 'POST', headers: [['content-length', '5']] }, [Buffer.from('four')]))).toBe('INVALID_REQUEST')
    expect(outside.api.requests).toHaveLength(1)
  })

  test('bodies over the limit are refused, said or streamed', async () => {
    expect(await codeOf(send({ method: 'POST', headers: [['content-length', '600000']] }))).toBe('REQUEST_TOO_LARGE')
    expect(await codeOf(send({ method: 'POST' }, Array(10).fill(Buffer.alloc(65_536))))).toBe('REQUEST_TOO_LARGE')
  })

  test('the user may stand in the head, and two different users are refused', async () => {
    expect((await send({ user: 'id:ann' }, [], '')).status).toBe(200)
    expect(await codeOf(send({ user: 'id:bob' }, [], ''))).toBe('NOT_FOUND')
    expect(await codeOf(send({ user: 'id:bob' }))).toBe('INVALID_REQUEST')
  })

  test('[S2-20] errors cross with their code, and a first message that is no head is refused', async () => {
    expect(await codeOf(send({ credentialId: `cred_${'0'.repeat(26)}` }))).toBe('NOT_FOUND')
    expect(await codeOf(send({ path: '/../x' }))).toBe('HOST_REFUSED')
    const headless = async function* (): AsyncGenerator<DeepPartial<SendRequest>> {
      yield { part: { $case: 'chunk', value: Buffer.from('x') } }
    }
    expect(await codeOf(read(harness.caller(key).send(headless())))).toBe('INVALID_REQUEST')
  })

  test('a caller who goes away after the head ends the call upstream', async () => {
    for (let i = 0; i < 70; i++) {
      const answers = harness
        .caller(key, 'id:ann')
        .send(messages({ path: '/sse?events=100000' }))
        [Symbol.asyncIterator]()
      await answers.next()
      await answers.return?.()
    }
    expect((await send({ path: '/after' })).status).toBe(200)
  })
})

import { createEgress, type Egress, type OutboundRequest, parseEgressSettings } from '@credence/egress'
import { systemClock, systemRandom } from '@credence/service'
import { type FakeAuthorizationServer, startFakeAuthorizationServer } from '@credence/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { postToken, type TokenPostResult } from './token-endpoint.ts'

let as: FakeAuthorizationServer
let egress: Egress
const sent: OutboundRequest[] = []

beforeAll(async () => {
  as = await startFakeAuthorizationServer()
  const real = createEgress({ settings: parseEgressSettings({ allow: `127.0.0.1:${as.port}` }), clock: systemClock, random: systemRandom })
  egress = {
    send(request) {
      sent.push(request)
      return real.send(request)
    },
    close: () => real.close(),
  }
})
afterAll(async () => {
  await egress.close()
  await as.close()
})

interface Given {
  readonly beforeWrite?: () => void
  readonly url?: string
}

function post(given: Given = {}): Promise<TokenPostResult> {
  const url = given.url ?? `${as.url}/token`
  return postToken(
    egress,
    {
      project: 'proj_1',
      url,
      hosts: [url],
      parameters: [
        { name: 'grant_type', value: Buffer.from('refresh_token') },
        { name: 'refresh_token', value: Buffer.from('rt-secret-1') },
      ],
      client: { oauthClientId: 'client', secret: Buffer.from('client-secret-1') },
      style: { clientAuth: 'client_secret_basic', bodyFormat: 'form' },
      deadlineMs: 2_000,
      ...(given.beforeWrite === undefined ? {} : { beforeWrite: given.beforeWrite }),
    },
    systemRandom,
  )
}

/** Every byte that was made for the last request. */
const buffers = (): Uint8Array[] => {
  const last = sent.at(-1)
  return [last?.body as Uint8Array, ...(last?.secrets ?? []).map(({ bytes }) => bytes)]
}

describe('one POST to a token endpoint', () => {
  test('[S2-17] leaves nothing behind, however it ends', async () => {
    const ends: [Given, TokenPostResult['kind']][] = [
      [{}, 'answered'],
      [{ url: 'http://127.0.0.1:9/token' }, 'not_sent'],
      [
        {
          beforeWrite: () => {
            throw new TypeError('stop')
          },
        },
        'not_sent',
      ],
    ]
    for (const [given, kind] of ends) {
      expect((await post(given)).kind).toBe(kind)
      for (const bytes of buffers()) expect(bytes.every((byte) => byte === 0)).toBe(true)
    }
    as.behave({ cut: 'no_answer', times: 1 })
    expect((await post()).kind).toBe('lost')
    for (const bytes of buffers()) expect(bytes.every((byte) => byte === 0)).toBe(true)
  })

  test('[B-1] is lost when it was sent and not answered, and not sent when no byte left', async () => {
    for (const cut of ['no_answer', 'mid_answer', 'unprocessed'] as const) {
      as.behave({ cut, times: 1 })
      expect((await post()).kind, cut).toBe('lost')
    }
    expect(await post({ url: 'http://127.0.0.1:9/token' })).toMatchObject({ kind: 'not_sent' })
  })

  test('[B-1] is made once: no retry, no redirect', async () => {
    const before = as.ledger().length
    as.behave({ answer: 'server_error', status: 503, times: 1 })
    expect(await post()).toMatchObject({ kind: 'answered', raw: { status: 503 } })
    expect(as.ledger().length - before).toBe(1)
  })
})

import { generateKeyPairSync } from 'node:crypto'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import fastify from 'fastify'
import { afterEach, describe, expect, test } from 'vitest'
import {
  CredenceSignatureError,
  type CredenceVerifier,
  type ExpressLikeRequest,
  type VerifyOptions,
  verifyCredence,
} from '../src/verify/index.ts'
import { AUDIENCE, JWKS, NOW, PROJECT, requestOf, type SignedCall, signedCall } from './signed-call.ts'

const verifier = (options: Partial<VerifyOptions> = {}): CredenceVerifier =>
  verifyCredence({ jwks: JWKS, audience: AUDIENCE, now: () => NOW, ...options })

async function refusalOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => new TypeError('it was taken'),
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof CredenceSignatureError)) throw error
  return error.code
}

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function listening(listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => new Promise((resolve) => server.close(resolve)))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('a call of the platform', () => {
  test('[S0-8] [C-5] is taken, and says for whom it is', async () => {
    const request = requestOf(signedCall())
    const call = await verifier().verify(request)
    expect(call.onBehalfOf).toEqual({ user: 'usr_1', names: ['id:ann', 'id:Änne'], capability: 'cap_1', project: PROJECT, traceId: 't1' })
    expect([Buffer.from(call.body).toString(), call.signedAt, call.keyId]).toEqual(['{"a":1}', new Date(NOW), 'k1'])
    // The handler still reads it.
    expect(await request.json()).toEqual({ a: 1 })
  })

  test('[S0-8] without body and query is one as well, for nobody in particular too', async () => {
    const call = await verifier().verify(requestOf(signedCall({ method: 'GET', target: '/', body: '', claim: `project="${PROJECT}"` })))
    expect(call.onBehalfOf).toEqual({ user: undefined, names: [], capability: undefined, project: PROJECT, traceId: undefined })
  })

  test('[S0-8] is found beside signatures of others', async () => {
    const call = signedCall()
    const headers = {
      ...call.headers,
      'signature-input': `other=("@method");created=1;keyid="x", ${call.headers['signature-input']}`,
      signature: `other=:AAAA:, ${call.headers.signature}`,
    }
    expect((await verifier().verify(requestOf({ ...call, headers }))).keyId).toBe('k1')
  })
})

describe('what is refused', () => {
  const changed = (change: (call: SignedCall) => Partial<SignedCall>): Request => {
    const call = signedCall()
    return requestOf({ ...call, ...change(call) })
  }
  const header = (name: string, value: string) => (call: SignedCall) => ({ headers: { ...call.headers, [name]: value } })

  test.each<[string, string, () => Request]>([
    ['another method', 'SIGNATURE_INVALID', () => changed(() => ({ method: 'PUT' }))],
    ['another path', 'SIGNATURE_INVALID', () => changed(() => ({ url: `${AUDIENCE}/v1/refunds?id=7` }))],
    ['another query', 'SIGNATURE_INVALID', () => changed(() => ({ url: `${AUDIENCE}/v1/orders?id=8` }))],
    ['another person', 'SIGNATURE_INVALID', () => changed(header('credence-on-behalf-of', `user="usr_2", project="${PROJECT}"`))],
    ['another body', 'DIGEST_MISMATCH', () => changed(() => ({ body: '{"a":2}' }))],
    ['another digest', 'SIGNATURE_INVALID', () => changed(header('content-digest', 'sha-256=:AAAA:'))],
    [
      'another time',
      'SIGNATURE_INVALID',
      () =>
        changed((call) =>
          header('signature-input', (call.headers['signature-input'] ?? '').replace(/expires=\d+/, `expires=${NOW / 1000 + 9999}`))(call),
        ),
    ],
    ['another key', 'SIGNATURE_INVALID', () => requestOf(signedCall({ key: generateKeyPairSync('ed25519').privateKey }))],
    ['a key that nobody published', 'KEY_UNKNOWN', () => requestOf(signedCall({ kid: 'k2' }))],
    ['another place', 'SIGNATURE_INVALID', () => requestOf(signedCall({ authority: 'other.example' }))],
    ['a future one', 'SIGNATURE_EXPIRED', () => requestOf(signedCall({ created: NOW / 1000 + 61 }))],
    ['an old one', 'SIGNATURE_EXPIRED', () => requestOf(signedCall({ created: NOW / 1000 - 181 }))],
    ['no signature', 'SIGNATURE_MISSING', () => new Request(AUDIENCE)],
    ['a signature of somebody else', 'SIGNATURE_MISSING', () => requestOf(signedCall({ tag: 'other' }))],
    [
      'no digest in what is covered',
      'SIGNATURE_MALFORMED',
      () => requestOf(signedCall({ components: ['@method', '@authority', '@path', '@query', 'credence-on-behalf-of'] })),
    ],
    [
      'nobody in what is covered',
      'SIGNATURE_MALFORMED',
      () => requestOf(signedCall({ components: ['@method', '@authority', '@path', '@query', 'content-digest'] })),
    ],
    ['headers that are none', 'SIGNATURE_MALFORMED', () => changed(header('signature-input', 'credence=(("'))],
    [
      'two of the platform',
      'SIGNATURE_MALFORMED',
      () => changed((call) => header('signature-input', `${call.headers['signature-input']}, b=();tag="credence-proxy"`)(call)),
    ],
  ])('[S0-8] [C-5] %s: %s', async (_name, code, request) => {
    expect(await refusalOf(verifier().verify(request()))).toBe(code)
  })

  test('[S0-8] a call that was signed for another audience is told as such', async () => {
    const call = signedCall({ authority: 'staging.team.example' })
    expect(await refusalOf(verifier().verify(requestOf({ ...call, url: 'https://staging.team.example/v1/orders?id=7' })))).toBe(
      'AUDIENCE_MISMATCH',
    )
    const both = verifier({ audience: [AUDIENCE, 'https://staging.team.example'] })
    expect((await both.verify(requestOf(signedCall({ authority: 'staging.team.example' })))).keyId).toBe('k1')
  })

  test('[S0-8] a call that comes twice, while a refused one spends no nonce', async () => {
    const one = verifier()
    const call = signedCall({ nonce: 'once' })
    expect(await refusalOf(one.verify(requestOf({ ...call, body: 'forged' })))).toBe('DIGEST_MISMATCH')
    await one.verify(requestOf(call))
    expect(await refusalOf(one.verify(requestOf(call)))).toBe('SIGNATURE_REPLAYED')
  })

  test('[S0-8] one call more than can be remembered, until the first have ended', async () => {
    let now = NOW
    const one = verifier({ maxNonces: 2, now: () => now })
    await one.verify(requestOf(signedCall()))
    await one.verify(requestOf(signedCall()))
    expect(await refusalOf(one.verify(requestOf(signedCall())))).toBe('MEMORY_FULL')
    now += 181_000
    expect((await one.verify(requestOf(signedCall({ created: now / 1000 })))).keyId).toBe('k1')
  })

  test('[S0-8] a call of another project, and a body over the limit', async () => {
    expect(await refusalOf(verifier({ project: 'proj_other' }).verify(requestOf(signedCall())))).toBe('PROJECT_MISMATCH')
    expect(await refusalOf(verifier({ maxBodyBytes: 3 }).verify(requestOf(signedCall())))).toBe('BODY_TOO_LARGE')
  })

  test('[S0-8] a key that is none does not take those beside it away', async () => {
    const broken = { kty: 'OKP', crv: 'Ed25519', x: 'AA', kid: 'k0' }
    const { onBehalfOf } = await verifier({ jwks: { keys: [broken, ...JWKS.keys] } }).verify(requestOf(signedCall()))
    expect(onBehalfOf.project).toBe(PROJECT)
    expect(() => verifier({ jwks: { keys: [broken] } })).toThrow('no Ed25519 key')
  })

  test('options that cannot work', () => {
    for (const wrong of [
      { jwks: undefined },
      { jwksUrl: 'https://a.example/k' },
      { audience: 'api.team.example' },
      { jwks: { keys: [] } },
    ]) {
      expect(() => verifyCredence({ jwks: JWKS, audience: AUDIENCE, ...wrong } as VerifyOptions)).toThrow(TypeError)
    }
    expect(() => verifyCredence({ jwksUrl: 'http://keys.example/k', audience: AUDIENCE })).toThrow(/https/)
  })
})

describe('keys by their address', () => {
  test('[S0-8] are asked for once, again for a new name, and no more often than that', async () => {
    let asked = 0
    let set = JWKS
    let status = 200
    const url = await listening((_request, response) => {
      asked++
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(set))
    })
    let now = NOW
    const one = verifyCredence({ jwksUrl: `${url}/jwks.json`, audience: AUDIENCE, now: () => now })
    const at = (kid = 'k1', key = undefined as Parameters<typeof signedCall>[0]): Request =>
      requestOf(signedCall({ created: Math.floor(now / 1000), kid, ...key }))
    await Promise.all([one.verify(at()), one.verify(at())])
    expect(asked).toBe(1)
    expect([await refusalOf(one.verify(at('k9'))), asked]).toEqual(['KEY_UNKNOWN', 1])
    now += 31_000
    const next = generateKeyPairSync('ed25519')
    set = { keys: [...JWKS.keys, { ...next.publicKey.export({ format: 'jwk' }), kid: 'k9' }] }
    expect((await one.verify(at('k9', { key: next.privateKey }))).keyId).toBe('k9')
    expect(asked).toBe(2)
    now += 11 * 60_000
    status = 500
    expect((await one.verify(at())).keyId).toBe('k1')
    now += 60 * 60_000
    expect(await refusalOf(one.verify(at()))).toBe('KEYS_UNAVAILABLE')
  })
})

describe('servers of Node', () => {
  const send = (url: string, call: SignedCall): Promise<Response> =>
    fetch(`${url}${new URL(call.url).pathname}${new URL(call.url).search}`, { method: call.method, headers: call.headers, body: call.body })

  test('[C-5] node:http', async () => {
    const one = verifier()
    const url = await listening((request, response) => {
      one.verifyNode(request).then(
        ({ onBehalfOf }) => response.end(onBehalfOf.user),
        (error: unknown) => response.writeHead(error instanceof CredenceSignatureError ? error.status : 500).end(),
      )
    })
    const call = signedCall()
    expect(await (await send(url, call)).text()).toBe('usr_1')
    expect((await send(url, call)).status).toBe(401)
  })

  test('[C-5] middleware in the form of Express, with the bytes that another parser kept, and under a router that cuts the path', async () => {
    const { express } = verifier()
    const url = await listening((message, response) => {
      const request: ExpressLikeRequest = Object.assign(message, { originalUrl: message.url ?? '', url: '/cut' })
      express(request, response, (error) =>
        response.end(error === undefined ? `${request.credence?.onBehalfOf.user} ${request.body}` : String(error)),
      )
    })
    expect(await (await send(url, signedCall())).text()).toBe('usr_1 {"a":1}')
    expect(await (await send(url, { ...signedCall(), body: 'x' })).text()).toContain('DIGEST_MISMATCH')
    const kept = signedCall()
    const read = { ...kept, originalUrl: '/v1/orders?id=7', body: { a: 1 }, rawBody: Buffer.from(kept.body), [Symbol.asyncIterator]: never }
    await new Promise<void>((resolve, reject) => express(read, undefined, (error) => (error === undefined ? resolve() : reject(error))))
  })

  test('[C-5] a hook of Fastify, which parses the body as always', async () => {
    const app = fastify()
    app.addHook('preParsing', verifier().fastify as never)
    app.post('/v1/orders', async (request) => ({
      body: request.body,
      user: (request as { credence?: { onBehalfOf: { user: string } } }).credence?.onBehalfOf.user,
    }))
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    closing.push(() => app.close())
    const call = signedCall()
    expect(await (await send(url, call)).json()).toEqual({ body: { a: 1 }, user: 'usr_1' })
    expect((await send(url, call)).status).toBe(401)
  })

  function never(): AsyncIterator<Uint8Array> {
    throw new TypeError('it was read already')
  }
})

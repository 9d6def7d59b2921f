import { generateKeyPairSync } from 'node:crypto'
import { grpcClients } from '@credence/sdk'
import { acceptSigned, type Upstream } from '@credence/testkit'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  atReturn,
  confirmAt,
  fields,
  leaksOf,
  provide,
  RETURN_URL,
  refusalOf,
  type Scene,
  settle,
  startScene,
  USER,
} from '../../support/scene.ts'

const MAX_REQUEST_BYTES = 2 * 1024 * 1024
let scene: Scene
/** Everything that callers were told. */
const told: string[] = []
beforeAll(async () => {
  scene = await startScene({ env: { CREDENCE_MAX_REQUEST_BYTES: String(MAX_REQUEST_BYTES) } })
}, 120_000)
afterAll(() => scene.close())
beforeEach(() => scene.api.accept(() => true))

const now = (): number => Date.now()
const KEYS = {
  hmac: 'canary-hmac-key-5d1f7c',
  aws: 'canary/aws+secret/key/9b2e44',
  session: 'canary-session-token-41ac',
  passphrase: 'canary-passphrase-77',
}
const ed25519 = generateKeyPairSync('ed25519')
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pemOf = (pair: typeof rsa): string => pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()

const connected = async (pattern: object, values: Readonly<Record<string, string>>, members: object = {}): Promise<string> =>
  (await scene.ann.credentials.create({ providerId: (await provide(scene, pattern, members)).id, fields: values })).id

interface Call {
  readonly path?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | ReadableStream<Uint8Array>
}

/** What the API answered, and what it received. */
async function call(id: string, { path = '/orders?b=2&a=1%2F', method = 'POST', headers = {}, body }: Call = {}) {
  const response = await scene.ann.fetch(id, path, { method, headers, ...(body === undefined ? {} : { body }) })
  const text = await response.text()
  told.push(text, JSON.stringify([...response.headers]))
  return { status: response.status, text, received: scene.api.requests.at(-1) as Upstream['requests'][number] }
}

/** 300 KiB in pieces, whose length nobody is told. */
function streamed(bytes = 300 * 1024): ReadableStream<Uint8Array> {
  const piece = new Uint8Array(10 * 1024).fill(0x61)
  let left = bytes
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(piece.subarray(0, Math.min(left, piece.length)))
      left -= piece.length
      if (left <= 0) controller.close()
    },
  })
}

describe('an HMAC over the request', () => {
  const pattern = {
    type: 'API_KEY',
    auth_header_key_override: 'X-Access-Key',
    fields: fields('api_key*', 'secret*', 'passphrase*'),
    sign: {
      hmac: {
        hash: 'sha256',
        key: '{{secret}}',
        message: '{{@timestamp:ms}}{{@method}}{{@target}}{{@body}}',
        encoding: 'base64',
        headers: [
          { name: 'X-Access-Sign', value: '{{@signature}}' },
          { name: 'X-Access-Timestamp', value: '{{@timestamp:ms}}' },
          { name: 'X-Access-Passphrase', value: '{{passphrase}}' },
        ],
      },
    },
  }
  const values = { api_key: 'access-71', secret: KEYS.hmac, passphrase: KEYS.passphrase }
  const api = (key: string) =>
    acceptSigned.hmac({
      hash: 'sha256',
      key,
      header: 'x-access-sign',
      encoding: 'base64',
      message: ({ method, path, body }, header) => `${header('x-access-timestamp')}${method}${path}${body}`,
    })

  test('[S0-10] is taken by an API that recomputes it, for every method and body, and with another key is not', async () => {
    const id = await connected(pattern, values)
    scene.api.accept(api(KEYS.hmac))
    expect((await call(id, { body: '{"amount":"1.50","note":"é"}' })).status).toBe(200)
    expect((await call(id, { method: 'GET' })).status).toBe(200)
    expect((await call(id, { method: 'DELETE', path: '/orders/7' })).status).toBe(200)
    scene.api.accept(api('another key'))
    expect(await call(id, { body: 'x' })).toMatchObject({ status: 403, text: expect.stringContaining('SignatureDoesNotMatch') })
  })

  test('[S0-10] goes beside what the type sends, and replaces what the caller sends', async () => {
    const id = await connected(pattern, values)
    const { received } = await call(id, { headers: { 'x-access-sign': 'mine', 'X-Access-Passphrase': 'mine', 'x-access-key': 'mine' } })
    expect(received.headers['x-access-key']).toBe('access-71')
    expect(received.headers['x-access-passphrase']).toBe(KEYS.passphrase)
    expect(received.rawHeaders.filter((text) => /^x-access-sign$/i.test(text))).toHaveLength(1)
    expect(received.headers['x-access-sign']).not.toContain('mine')
  })

  test('[S2-17] [B-4] is made anew for each call, and masked in the answer with all that was signed with', async () => {
    const id = await connected(pattern, values)
    const [one, two] = [await call(id, { path: '/echo' }), await call(id, { path: '/echo' })]
    const signatures = [one, two].map(({ received }) => String(received.headers['x-access-sign']))
    expect(new Set(signatures).size).toBe(2)
    for (const [i, { text }] of [one, two].entries()) {
      for (const secret of [signatures[i] ?? '', KEYS.passphrase, 'access-71']) expect(text).not.toContain(secret)
    }
  })

  test('[S0-10] covers a body that was streamed, whole, and one that is too long is refused', async () => {
    const whole = { ...pattern.sign.hmac, message: '{{@body_sha256}}' }
    const id = await connected({ ...pattern, sign: { hmac: whole } }, values)
    scene.api.accept(
      acceptSigned.hmac({
        hash: 'sha256',
        key: KEYS.hmac,
        header: 'x-access-sign',
        encoding: 'base64',
        message: ({ bodySha256 }) => bodySha256,
      }),
    )
    const { status, received } = await call(id, { body: streamed() })
    expect([status, received.bodyBytes]).toEqual([200, 300 * 1024])
    expect((await refusalOf(call(id, { body: streamed(MAX_REQUEST_BYTES + 1) }))).code).toBe('REQUEST_TOO_LARGE')
  })

  test('[S0-10] [S2-15] signs the call that proves the credential, too', async () => {
    scene.api.accept(api(KEYS.hmac))
    const id = await connected(pattern, values, { verify: { path: '/me', method: 'POST', body: '{"q":1}' } })
    expect(scene.api.requests.at(-1)).toMatchObject({ path: '/me', method: 'POST' })
    expect(await scene.ann.credentials.get(id)).toMatchObject({ status: 'active', health: 'ok' })
    const wrong = connected(pattern, { ...values, secret: 'not the key' }, { verify: { path: '/me' } })
    expect((await refusalOf(wrong)).code).toBe('VERIFY_FAILED')
  })

  test('[S0-10] [C-5] is made by the typed gRPC client as well', async () => {
    const id = await connected(pattern, values)
    scene.api.accept(api(KEYS.hmac))
    const { vault } = await grpcClients({ address: scene.platform.apiOf('vault'), key: scene.key, user: USER })
    const head = { credentialId: id, method: 'GET', path: '/orders', headers: [], consumer: '', noReplay: false, user: '' }
    async function* requests() {
      yield { part: { $case: 'head' as const, value: head } }
    }
    for await (const { part } of vault.send(requests())) {
      if (part?.$case === 'head') expect(part.value.status).toBe(200)
    }
  })
})

describe('AWS Signature Version 4', () => {
  const pattern = {
    type: 'CUSTOM',
    fields: fields('access_key_id*', 'secret_access_key*', 'session_token', 'region*'),
    sign: {
      aws_sigv4: {
        region: '{{region}}',
        service: 'execute-api',
        access_key_id: '{{access_key_id}}',
        secret_access_key: '{{secret_access_key}}',
        session_token: '{{session_token}}',
      },
    },
  }
  const values = { access_key_id: 'AKIDCANARY71', secret_access_key: KEYS.aws, region: 'eu-central-1' }
  const api = (clock = now) => acceptSigned.sigV4({ keys: { AKIDCANARY71: KEYS.aws }, scope: 'eu-central-1/execute-api', now: clock })

  test('[S0-10] is taken by an API that recomputes it: bodies, queries, paths and headers of any kind', async () => {
    const id = await connected(pattern, { ...values, session_token: KEYS.session })
    scene.api.accept(api())
    const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'Orders_2012.List', authorization: 'mine' }
    const { status, received } = await call(id, { body: '{"a":"é"}', headers })
    expect(status).toBe(200)
    expect(received.headers['x-amz-security-token']).toBe(KEYS.session)
    expect(received.headers.authorization).toContain('SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target')
    const paths = ['/', '/a//b/', '/a%20b/%C3%A9/$x', '/q?z=1&a=&b&a=%2F+%20&A=~', '/q?x=%E1%88%B4']
    for (const path of paths) expect((await call(id, { path, method: 'GET' })).status, path).toBe(200)
    expect((await call(id, { body: streamed() })).status).toBe(200)
  })

  test('[S0-10] of a wrong key, and of a clock that the API does not believe, is the API’s own answer', async () => {
    const other = await connected(pattern, { ...values, secret_access_key: 'another' })
    scene.api.accept(api())
    expect((await call(other)).text).toContain('SignatureDoesNotMatch')
    const id = await connected(pattern, values)
    scene.api.accept(api(() => Date.now() + 3_600_000))
    expect(await call(id)).toMatchObject({ status: 403, text: expect.stringContaining('RequestTimeTooSkewed') })
    expect(await scene.ann.credentials.get(id)).toMatchObject({ status: 'active' })
  })
})

describe('a JWT that is made for each call', () => {
  const pattern = {
    type: 'CUSTOM',
    fields: fields('app_id*', 'private_key*'),
    sign: {
      jwt: {
        alg: 'RS256',
        key: '{{private_key}}',
        claims: { iss: '{{app_id}}', aud: ['orders'] },
        lifetime_seconds: 540,
        backdate_seconds: 60,
      },
    },
  }
  const api = () => acceptSigned.jwt({ alg: 'RS256', key: rsa.publicKey, claims: { iss: 'app-7', aud: ['orders'] }, now })

  test('[S0-10] is taken by an API that has the public key, and the private one goes nowhere', async () => {
    const id = await connected(pattern, { app_id: 'app-7', private_key: pemOf(rsa) })
    scene.api.accept(api())
    expect((await call(id, { headers: { authorization: 'Bearer mine' } })).status).toBe(200)
    scene.api.accept(
      acceptSigned.jwt({ alg: 'RS256', key: generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey, claims: {}, now }),
    )
    expect((await call(id)).text).toContain('BadSignature')
  })

  test('[S0-10] [S1-4] the key is pasted on the page, where an input makes one line of it', async () => {
    const provider = await provide(scene, {
      ...pattern,
      fields: [...fields('app_id*'), { field_name: 'private_key', input_type: 'password', required: true }],
    })
    const { session, link } = await scene.ann.sessions.create({ providerId: provider.id, returnUrl: RETURN_URL })
    const page = await scene.person.open(link)
    const wrong = { 'field.app_id': 'app-7', 'field.private_key': 'hello' }
    const refused = await scene.person.submit(page, wrong, { action: /\/secret$/, stopAt: atReturn })
    expect(refused.text).toContain('Write an RSA private key as PEM')
    const right = { 'field.app_id': 'app-7', 'field.private_key': pemOf(rsa).replaceAll('\n', '') }
    const end = await settle(scene, await scene.person.submit(refused, right, { action: /\/secret$/, stopAt: atReturn }))
    const id = await confirmAt(scene, session.id, end)
    scene.api.accept(api())
    expect((await call(id)).status).toBe(200)
  })

  test('[S0-10] a key of another kind is refused by its field before it is stored', async () => {
    const refused = await refusalOf(connected(pattern, { app_id: 'app-7', private_key: pemOf(ed25519) }))
    expect([refused.code, refused.errors.map(({ pointer }) => pointer)]).toEqual(['FIELD_REFUSED', ['/fields/private_key']])
  })
})

describe('an HTTP message signature', () => {
  const pattern = {
    type: 'BEARER',
    fields: fields('token*', 'signing_key*', 'key_id*'),
    sign: { http_message: { alg: 'ed25519', key: '{{signing_key}}', keyid: '{{key_id}}', expires_seconds: 60, nonce: true } },
  }
  const values = { token: 'tok-message-71', signing_key: pemOf(ed25519), key_id: 'key-9' }

  test('[S0-10] is taken by an API that recomputes base and digest, with and without a body', async () => {
    const id = await connected(pattern, values)
    const rules = { key: ed25519.publicKey, keyId: 'key-9', label: 'sig1', authority: 'api.wire.example' }
    const components = ['@method', '@authority', '@path', '@query']
    scene.api.accept(acceptSigned.httpMessage({ ...rules, components: [...components, 'content-digest'] }))
    const { status, received } = await call(id, {
      body: '{"a":1}',
      headers: { signature: 'sig1=:AAAA:', 'content-digest': 'sha-256=:AAAA:' },
    })
    expect([status, received.headers.authorization]).toEqual([200, 'Bearer tok-message-71'])
    scene.api.accept(acceptSigned.httpMessage({ ...rules, components }))
    expect((await call(id, { method: 'GET' })).status).toBe(200)
    scene.api.accept(acceptSigned.httpMessage({ ...rules, key: generateKeyPairSync('ed25519').publicKey, components }))
    expect((await call(id)).text).toContain('BadSignature')
  })
})

describe('a payload that signs', () => {
  test('[S0-10] [S1-9] and refers to an unknown field is refused, with the name that was meant', async () => {
    const sign = { hmac: { hash: 'sha256', key: '{{secrt}}', message: '{{@bdy}}', headers: [{ name: 'X-S', value: '{{@signature}}' }] } }
    const refused = await refusalOf(provide(scene, { type: 'CUSTOM', fields: fields('secret*'), sign }))
    expect(refused.code).toBe('INVALID_PROVIDER')
    expect(refused.errors.map(({ pointer, code }) => `${pointer} ${code}`)).toEqual([
      '/auth_patterns/0/sign/hmac/key UNDECLARED_FIELD',
      '/auth_patterns/0/sign/hmac/message NOT_ALLOWED',
    ])
    expect(refused.errors.map(({ detail }) => detail).join(' ')).toMatch(/`\{\{secret\}\}`.*`\{\{@body\}\}`/)
  })

  test('[S0-10] [S1-11] is reviewed with what it sends', async () => {
    const sign = { jwt: { alg: 'EdDSA', key: '{{secret}}', claims: {}, lifetime_seconds: 60 } }
    const payload = {
      display_name: 'Reviewed',
      auth_patterns: [{ type: 'CUSTOM', fields: fields('secret*'), sign }],
      proxy_url: 'https://api.wire.example',
      proxy_enabled: true,
    }
    const review = await scene.credence.providers.review(payload)
    expect(JSON.stringify(review)).toContain('Authorization: Bearer <EdDSA token of 60 s>')
  })
})

test('[S0-8] the keys of a project have an address of their own on the public listener', async () => {
  const { id } = await scene.credence.project.get()
  const answer = await fetch(`${scene.platform.public}/.well-known/credence/${id}/jwks.json`)
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, expect.stringContaining('application/jwk-set+json')])
  expect(await answer.json()).toEqual({ keys: [] })
  expect((await fetch(`${scene.platform.public}/.well-known/credence/nobody/jwks.json`)).status).toBe(404)
})

test('[S2-19] [S2-17] no key that signs is in any file, log, event or answer', async () => {
  const body = (pem: string): string => pem.split('\n').slice(1, -2).join('')
  const secrets = { ...KEYS, rsa: body(pemOf(rsa)).slice(0, 64), ed25519: body(pemOf(ed25519)) }
  expect(await leaksOf(scene, secrets, { told: told.join('\n') })).toEqual([])
})

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Credence, CredenceError, createCredence } from '../src/index.ts'
import { type ContractServer, collect, KEY, refuse, startContractServer } from './contract-server.ts'
import { CREDENTIAL, SESSION } from './messages.ts'

let server: ContractServer
let credence: Credence

beforeEach(async () => {
  server = await startContractServer()
  credence = createCredence({ apiUrl: server.url, key: KEY })
})
afterEach(() => server[Symbol.asyncDispose]())

const failure = async (work: Promise<unknown>): Promise<CredenceError> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof CredenceError)) throw new TypeError(`expected a CredenceError, got ${String(error)}`)
  return error
}

describe('[C-5] a typed client of the REST API', () => {
  test('[C-5] reads names as TypeScript has them, times as dates, and leaves names that are data alone', async () => {
    server.on('GET /v1/credentials/:id', () => ({ json: CREDENTIAL }))
    const credential = await credence.credentials.get('cred_1')
    expect(credential).toMatchObject({ providerId: 'prov_1', providerVersion: 2, status: 'active', reconnectUrl: CREDENTIAL.reconnect_url })
    expect(credential.createdAt).toEqual(new Date('2026-11-21T01:02:03Z'))
    expect(credential.lastError?.at).toEqual(new Date('2026-11-21T01:02:04Z'))
    expect(credential.tags).toEqual({ cost_center: '7', 'Team Name': 'x' })
    expect(credential.accountFields).toEqual({ home_region: 'eu' })
  })

  test('[C-5] sends names as the contract has them and leaves out what was not given', async () => {
    server.on('POST /v1/sessions', () => ({ status: 201, json: { session: SESSION, link: 'http://localhost:7400/connect/x' } }))
    const { session, link } = await credence.sessions.create({
      providerId: 'prov_1',
      returnUrl: 'https://a.example/back',
      label: undefined,
    })
    expect(JSON.parse(String(server.received[0]?.body))).toEqual({ provider_id: 'prov_1', return_url: 'https://a.example/back' })
    expect(link).toBe('http://localhost:7400/connect/x')
    expect(session.expiresAt).toEqual(new Date('2026-11-21T01:32:03Z'))
  })

  test('[C-5] goes through every page of a list and asks for the next one only when it is wanted', async () => {
    const pages: Record<string, object> = {
      '': { credentials: [CREDENTIAL, { ...CREDENTIAL, id: 'cred_2' }], next_page_token: 'p2' },
      p2: { credentials: [{ ...CREDENTIAL, id: 'cred_3' }] },
    }
    server.on('GET /v1/credentials', ({ query }) => ({ json: pages[query.get('page_token') ?? ''] }))
    const seen: string[] = []
    for await (const { id } of credence.credentials.list({ status: 'active', pageSize: 2 })) {
      seen.push(id)
      if (seen.length === 2) expect(server.received).toHaveLength(1)
    }
    expect(seen).toEqual(['cred_1', 'cred_2', 'cred_3'])
    expect(server.received.map(({ query }) => [...query])).toEqual([
      [
        ['status', 'active'],
        ['page_size', '2'],
      ],
      [
        ['status', 'active'],
        ['page_size', '2'],
        ['page_token', 'p2'],
      ],
    ])
  })

  test('[C-5] acts for another user by a client of its own, and the first client stays as it was', async () => {
    server.on('GET /v1/credentials/:id', () => ({ json: CREDENTIAL }))
    await credence.forUser('email:ann@example.com').credentials.get('cred_1')
    await credence.credentials.get('cred_1')
    expect(server.received.map(({ headers }) => headers['credence-user'])).toEqual(['email:ann@example.com', undefined])
  })

  test('an id cannot reach another address, and an empty one cannot name a whole list', async () => {
    server.on('DELETE /v1/providers/:id', () => ({ status: 204 }))
    await credence.providers.delete('prov_1/../../keys?x=#y')
    expect(server.received[0]?.path).toBe('/v1/providers/prov_1%2F..%2F..%2Fkeys%3Fx%3D%23y')
    for (const id of ['', '..', '.']) expect(() => credence.providers.delete(id)).toThrow(TypeError)
  })

  test('every move of a credential goes to its own address', async () => {
    server.on('ANY /v1/credentials/*', () => ({ json: CREDENTIAL }))
    const { credentials } = credence
    await credentials.share('c', { with: 'email:a@b.c', permission: 'use' })
    await credentials.unshare('c', { with: 'project' })
    await credentials.transfer('c', 'id:bob')
    await credentials.disable('c', 'lost_laptop')
    await credentials.enable('c')
    await credentials.relabel('c', { label: 'New', tags: { a_b: 'c' } })
    await credentials.delete('c', { force: true })
    expect(server.received.map(({ method, path, body, query }) => `${method} ${path} ${query} ${body}`)).toEqual([
      'PUT /v1/credentials/c/shares/email%3Aa%40b.c  {"permission":"use"}',
      'DELETE /v1/credentials/c/shares/project  ',
      'POST /v1/credentials/c/transfer  {"to":"id:bob"}',
      'POST /v1/credentials/c/disable  {"reason":"lost_laptop"}',
      'POST /v1/credentials/c/enable  ',
      'PATCH /v1/credentials/c  {"label":"New","tags":{"a_b":"c"}}',
      'DELETE /v1/credentials/c force=true ',
    ])
  })
})

describe('errors', () => {
  test('carry code, faults, reconnect address and trace of the problem document', async () => {
    server.on(
      'GET /v1/credentials/:id',
      () => (response) =>
        refuse(response, 409, 'CREDENTIAL_EXPIRED', {
          credential_id: 'cred_1',
          reconnect_url: 'http://localhost:7400/r/cred_1',
          retry_after_ms: 1500,
          trace_id: 'abc',
          errors: [{ pointer: '/x', code: 'MISSING', detail: 'Fill it in.' }],
          facts: { reason: 'refresh_refused' },
        }),
    )
    expect(await failure(credence.credentials.get('cred_1'))).toMatchObject({
      code: 'CREDENTIAL_EXPIRED',
      status: 409,
      detail: 'Refused: CREDENTIAL_EXPIRED.',
      credentialId: 'cred_1',
      reconnectUrl: 'http://localhost:7400/r/cred_1',
      retryAfterMs: 1500,
      traceId: 'abc',
      errors: [{ pointer: '/x', code: 'MISSING', detail: 'Fill it in.' }],
      facts: { reason: 'refresh_refused' },
    })
  })

  test('a platform that is not there is UNAVAILABLE, naming the address and never the key', async () => {
    const dead = createCredence({ apiUrl: 'http://127.0.0.1:1', key: 'crd_secret-key' })
    const error = await failure(dead.project.get())
    expect(error).toMatchObject({ code: 'UNAVAILABLE', status: 0 })
    expect(error.detail).toContain('http://127.0.0.1:1')
    expect(`${error.stack}${JSON.stringify(error)}`).not.toContain('secret-key')
  })

  test.each([
    [502, 'UNAVAILABLE'],
    [404, 'NOT_FOUND'],
    [413, 'REQUEST_TOO_LARGE'],
    [429, 'THROTTLED'],
  ])('an answer %i of something in between is %s', async (status, code) => {
    server.on('GET /v1/project', () => ({ status, raw: '<html>', headers: { 'content-type': 'text/html', 'retry-after': '2' } }))
    expect(await failure(credence.project.get())).toMatchObject({ code, status, retryAfterMs: 2000 })
  })

  test('a page where an answer should be is UNAVAILABLE and tells to check the address', async () => {
    server.on('GET /v1/project', () => ({ raw: '<html>' }))
    expect((await failure(credence.project.get())).detail).toMatch(/check the address/)
  })

  test('a redirect is not followed, because the key would go along', async () => {
    server.on('GET /v1/project', () => ({ status: 302, json: {}, headers: { location: '/v1/elsewhere' } }))
    await failure(credence.project.get())
    expect(server.received.every(({ path }) => path === '/v1/project')).toBe(true)
  })

  test.each([
    { apiUrl: 'ftp://x', key: 'k' },
    { apiUrl: 'not an address', key: 'k' },
    { apiUrl: 'http://x/?q=1', key: 'k' },
    { apiUrl: 'http://x', key: 'two words' },
    { apiUrl: 'http://x', key: 'k', user: 'a\r\nb' },
    { apiUrl: 'http://x', key: 'k', proxyUrl: 'x' },
  ])('options that cannot work are a TypeError at once: %j', (options) => {
    expect(() => createCredence(options)).toThrow(TypeError)
  })
})

describe('repetition', () => {
  const creates = (): Promise<unknown> => credence.keys.create({ label: 'ci', scopes: ['use'] })

  beforeEach(() => server.on('POST /v1/keys', () => ({ status: 201, json: { key: { id: 'key_1' }, secret: 'crd_x' } })))

  test('a create whose line broke is sent once more under the same idempotency key', async () => {
    server.breakNext(1)
    expect(await creates()).toEqual({ key: { id: 'key_1' }, secret: 'crd_x' })
    const keys = server.received.map(({ headers }) => headers['idempotency-key'])
    expect(keys).toHaveLength(2)
    expect(keys[0]).toMatch(/^[\x21-\x7e]{20,}$/)
    expect(keys[1]).toBe(keys[0])
  })

  test('two creates have two idempotency keys', async () => {
    await creates()
    await creates()
    expect(new Set(server.received.map(({ headers }) => headers['idempotency-key'])).size).toBe(2)
  })

  test('it is one repetition, not more', async () => {
    server.breakNext(2)
    expect(await failure(creates())).toMatchObject({ code: 'UNAVAILABLE' })
    expect(server.received).toHaveLength(2)
  })

  test('what is no create and no read is never repeated', async () => {
    server.on('POST /v1/credentials/:id/transfer', () => ({ json: CREDENTIAL }))
    server.breakNext(1)
    expect(await failure(credence.credentials.transfer('cred_1', 'id:bob'))).toMatchObject({ code: 'UNAVAILABLE' })
    expect(server.received).toHaveLength(1)
  })

  test('a refusal is not repeated', async () => {
    server.on('POST /v1/keys', () => (response) => refuse(response, 503, 'STORE_UNAVAILABLE'))
    expect(await failure(creates())).toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(server.received).toHaveLength(1)
  })
})

describe('waiting for a session', () => {
  test('asks again until it has ended, never for more than a minute at once', async () => {
    const states = ['open', 'unconfirmed', 'connected']
    server.on('GET /v1/sessions/:id/wait', () => ({ json: { ...SESSION, state: states.shift() } }))
    expect((await credence.sessions.wait('sess_1', { timeoutMs: 200_000 })).state).toBe('connected')
    expect(server.received.map(({ query }) => query.get('timeout_ms'))).toEqual(['60000', '60000', '60000'])
  })

  test('gives back the state at its timeout', async () => {
    server.on('GET /v1/sessions/:id/wait', () => ({ json: SESSION }))
    expect((await credence.sessions.wait('sess_1', { timeoutMs: 0 })).state).toBe('open')
  })

  test('ends with the reason of the signal', async () => {
    server.on('GET /v1/sessions/:id/wait', () => () => undefined)
    const stop = new AbortController()
    const waiting = credence.sessions.wait('sess_1', { signal: stop.signal })
    stop.abort(new RangeError('enough'))
    await expect(waiting).rejects.toThrow(RangeError)
  })
})

test('a rotation of project keys tells its progress and its failure', async () => {
  const steps =
    'event: progress\ndata: {"project_key_id":"pk1","done":1,"total":2}\n\nevent: progress\ndata: {"project_key_id":"pk1","done":2,"total":2}\n\n'
  const stream = (end: string) => () => ({ raw: steps + end, headers: { 'content-type': 'text/event-stream' } })
  const rotate = async (): Promise<unknown[]> => collect(credence.project.rotateKeys())
  server.on('POST /v1/project/rotate-keys', stream('event: done\ndata: {}\n\n'))
  expect(await rotate()).toEqual([
    { projectKeyId: 'pk1', done: 1, total: 2 },
    { projectKeyId: 'pk1', done: 2, total: 2 },
  ])
  server.on('POST /v1/project/rotate-keys', stream('event: failed\ndata: {"code":"STORE_UNAVAILABLE"}\n\n'))
  expect(await failure(rotate())).toMatchObject({ code: 'STORE_UNAVAILABLE' })
  server.on('POST /v1/project/rotate-keys', stream(''))
  expect(await failure(rotate())).toMatchObject({ code: 'UNAVAILABLE' })
})

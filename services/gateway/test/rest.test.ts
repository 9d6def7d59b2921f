import { connect } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { NARROW_KEY, payload } from './fake-services.ts'
import { Platform } from './platform.ts'

const CANARY = 'canary-rest-0c3d"\\\u00fc'

describe('the REST API', () => {
  let platform: Platform

  beforeAll(async () => {
    platform = await Platform.start()
  })
  afterAll(() => platform.stop())
  beforeEach(() => {
    platform.fakes.seals.length = 0
    platform.fakes.connects.length = 0
    platform.fakes.destroyed.length = 0
  })

  const bearer = () => platform.fakes.addProvider(payload('bearer'))

  test('[S1-1] a payload comes back from get and list as the bytes that were sent', async () => {
    for (const name of ['asana', 'bearer', 'freshdesk', 'attention'] as const) {
      const bytes = payload(name)
      const made = await platform.api('POST', '/v1/providers', { body: bytes })
      expect(made.status).toBe(201)
      expect(made.text).toContain(`"payload":${bytes.toString()}`)
      const got = await platform.api('GET', `/v1/providers/${made.body.id}`)
      expect(got.text).toContain(`"payload":${bytes.toString()}`)
      expect(got.body).toMatchObject({ id: made.body.id, version: 1, created_at: '2026-01-01T00:00:00.000Z' })
      expect((await platform.api('GET', '/v1/providers')).text).toContain(bytes.toString())
    }
  })

  test('[S1-11] a review answers without a provider', async () => {
    const answer = await platform.api('POST', '/v1/providers?validate_only=true', { body: payload('bearer') })
    expect([answer.status, answer.body]).toEqual([200, { review: { warnings: [] } }])
  })

  test('[S1-9] the faults of a payload cross the wire with their pointers', async () => {
    const answer = await platform.api('POST', '/v1/providers', { body: { display_name: 1, proxy_enabled: 'yes' } })
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(answer.body).toMatchObject({ code: 'INVALID_PROVIDER', status: 400, type: 'urn:credence:error:INVALID_PROVIDER' })
    expect((answer.body.errors as { pointer: string }[]).map(({ pointer }) => pointer)).toContain('/display_name')
  })

  test('[S1-13] the secret of an OAuth client goes to the vault and is answered by nobody', async () => {
    const id = platform.fakes.addProvider(payload('asana'))
    const answer = await platform.api('PUT', `/v1/providers/${id}/client`, { body: { client_id: 'abc', client_secret: CANARY } })
    expect(answer.body).toMatchObject({ client_id: 'abc', redirect_uri: expect.stringContaining('/oauth/callback/ocl_') })
    expect(platform.fakes.clientSecret).toBe(CANARY)
    expect(answer.text).not.toContain('canary')
    expect(platform.fakes.resumed).toEqual([expect.stringMatching(/^ocl_/)])
  })

  test('[S2-14] create seals before it stores, verifies, connects, and echoes nothing', async () => {
    const answer = await platform.api('POST', '/v1/credentials', {
      user: 'id:ann',
      body: { provider_id: bearer(), fields: { token: CANARY } },
    })
    expect(answer.status).toBe(201)
    expect(platform.fakes.seals[0]?.secretFields.token?.toString()).toBe(CANARY)
    expect(platform.fakes.connects).toHaveLength(1)
    expect(answer.text).not.toContain('canary')
  })

  test('[S2-15] a create that fails its check destroys the candidate and names the cause', async () => {
    platform.fakes.verdicts.push({ verdict: 'failed', cause: 'key_wrong', sentence: 'The key was not accepted.', httpStatus: 401 })
    const answer = await platform.api('POST', '/v1/credentials', {
      user: 'id:ann',
      body: { provider_id: bearer(), fields: { token: CANARY } },
    })
    expect(answer.body).toMatchObject({
      code: 'VERIFY_FAILED',
      detail: 'The key was not accepted.',
      facts: { cause: 'key_wrong', upstream_status: '401' },
    })
    expect([platform.fakes.destroyed.length, platform.fakes.connects.length]).toEqual([1, 0])
  })

  test('[S2-15] a provider that is down is told apart, and may be overruled', async () => {
    const down = { verdict: 'undecided', cause: 'provider_down', sentence: 'It did not answer.' }
    platform.fakes.verdicts.push(down, down)
    const body = { provider_id: bearer(), fields: { token: CANARY } }
    expect((await platform.api('POST', '/v1/credentials', { user: 'id:ann', body })).body.code).toBe('UPSTREAM_UNREACHABLE')
    const kept = await platform.api('POST', '/v1/credentials', { user: 'id:ann', body: { ...body, allow_unverified: true } })
    expect([kept.status, platform.fakes.connects[0]?.verified]).toEqual([201, false])
  })

  test('[S1-9] every fault of a request is named at once, without a value', async () => {
    const answer = await platform.api('POST', '/v1/credentials', {
      user: 'id:ann',
      body: { provider_id: 7, labell: CANARY, level: CANARY, fields: {} },
    })
    expect((answer.body.errors as { pointer: string; code: string }[]).map(({ pointer, code }) => [pointer, code])).toEqual([
      ['/provider_id', 'INVALID_TYPE'],
      ['/level', 'NOT_ALLOWED'],
      ['/labell', 'UNKNOWN_MEMBER'],
    ])
    const fields = await platform.api('POST', '/v1/credentials', {
      user: 'id:ann',
      body: { provider_id: bearer(), fields: { tokken: CANARY } },
    })
    expect(fields.body.errors).toMatchObject([{ pointer: '/fields/tokken' }, { pointer: '/fields/token' }])
    for (const { text } of [answer, fields]) expect(text).not.toContain('canary')
  })

  test('[S2-9] an OAuth pattern is not connected without a person', async () => {
    const answer = await platform.api('POST', '/v1/credentials', {
      user: 'id:ann',
      body: { provider_id: platform.fakes.addProvider(payload('asana')), fields: {} },
    })
    expect(answer.body).toMatchObject({ code: 'INVALID_REQUEST', errors: [{ pointer: '/pattern' }] })
  })

  test('[S2-15] a secret is replaced under the same id', async () => {
    const made = await platform.api('POST', '/v1/credentials', {
      user: 'id:ann',
      body: { provider_id: [...platform.fakes.providers.keys()][1], fields: { token: 'old' } },
    })
    const answer = await platform.api('PUT', `/v1/credentials/${made.body.id}/secret`, {
      user: 'id:ann',
      body: { fields: { token: CANARY } },
    })
    expect([answer.status, answer.body.id]).toEqual([200, made.body.id])
    expect(platform.fakes.reserved.at(-1)?.credentialId).toBe(made.body.id)
  })

  test('[S2-20] without a key, with a foreign key or without the scope nothing is answered', async () => {
    expect((await platform.api('GET', '/v1/credentials', { key: '' })).body).toMatchObject({ code: 'UNAUTHENTICATED', status: 401 })
    expect((await platform.api('GET', '/v1/credentials', { key: 'crd_other' })).status).toBe(401)
    const narrow = await platform.api('POST', '/v1/credentials', {
      key: NARROW_KEY,
      user: 'id:ann',
      body: { provider_id: bearer(), fields: {} },
    })
    expect(narrow.body).toMatchObject({ code: 'SCOPE_REQUIRED', status: 403 })
  })

  test('[S1-9] a body that is too large is refused by its length, and one without a length while it comes', async () => {
    const [host = '', port = ''] = platform.gateway.addresses.admin.split(':')
    const send = (head: string, body: () => Iterable<string>) =>
      new Promise<string>((resolve) => {
        const socket = connect(Number(port), host)
        let answer = ''
        socket.on('data', (chunk) => {
          answer += chunk
        })
        socket.on('error', () => undefined)
        socket.on('close', () => resolve(answer))
        socket.write(head)
        for (const chunk of body()) socket.write(chunk)
      })
    const head = `POST /v1/providers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer crd_admin\r\nContent-Type: application/json\r\n`
    const declared = await send(`${head}Content-Length: 100000000\r\n\r\n`, () => [])
    const chunk = `10000\r\n${'a'.repeat(0x10000)}\r\n`
    const streamed = await send(`${head}Transfer-Encoding: chunked\r\n\r\n`, () => Array.from({ length: 40 }, () => chunk))
    for (const answer of [declared, streamed]) {
      expect(answer).toMatch(/^HTTP\/1.1 413 /)
      expect(answer).toContain('REQUEST_TOO_LARGE')
    }
  })

  test('[S1-9] a JSON bomb is refused before it becomes a value', async () => {
    const deep = `${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)}`
    const wide = `{"provider_id":[${'1,'.repeat(60_000)}1]}`
    for (const body of [deep, wide]) {
      const secret = await platform.api('POST', '/v1/credentials', { user: 'id:ann', body })
      expect(secret.body).toMatchObject({ code: 'INVALID_REQUEST', errors: [{ code: 'TOO_DEEP' }] })
    }
    expect((await platform.api('POST', '/v1/sessions', { user: 'id:ann', body: deep })).status).toBe(400)
    expect((await platform.api('POST', '/v1/sessions', { user: 'id:ann', body: '{"a":' })).body).toMatchObject({
      errors: [{ code: 'INVALID_JSON' }],
    })
  })

  test('[S2-14] no secret value stands in a log line', () => {
    expect(platform.lines.join('')).not.toContain('canary')
  })

  test('[C-8] the OpenAPI document describes every route and needs no key', async () => {
    const { status, body } = await platform.api('GET', '/openapi.json', { key: '' })
    expect([status, body.openapi]).toEqual([200, '3.1.0'])
    const paths = Object.keys(body.paths as object)
    for (const path of [
      '/v1/providers',
      '/v1/providers/{id}/client',
      '/v1/credentials/{id}/secret',
      '/v1/sessions/{id}/wait',
      '/v1/events/stream',
    ]) {
      expect(paths).toContain(path)
    }
    expect(paths.filter((path) => !path.startsWith('/v1/'))).toEqual(['/widget/mint-token'])
    const page = await platform.api('GET', '/docs/api', { key: '' })
    expect(page.status).toBe(200)
    expect(page.text).not.toMatch(/(src|href)="https?:/)
    expect((await platform.api('GET', '/docs/api/json', { key: '' })).body.servers).toEqual([{ url: '/' }])
    const { text: mark } = await platform.api('GET', '/assets/mark.svg', { key: '' })
    const { text: script } = await platform.api('GET', '/docs/api/static/swagger-initializer.js', { key: '' })
    expect(script).toContain(`data:image/svg+xml;base64,${Buffer.from(mark).toString('base64')}`)
    expect((await platform.api('GET', '/provider.schema.json', { key: '' })).body).toHaveProperty('properties')
  })

  test('[C-6] an error names the trace that the caller began', async () => {
    const traceparent = `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`
    const answer = await platform.api('GET', `/v1/credentials/cred_${'0'.repeat(26)}`, { user: 'id:ann', headers: { traceparent } })
    expect(answer.body).toMatchObject({ code: 'NOT_FOUND', trace_id: 'ab'.repeat(16) })
  })

  test('[T21] every answer forbids frames, sniffing and referrers, and allows no other origin', async () => {
    for (const path of ['/v1/credentials', '/openapi.json', '/console', '/sign-in', '/nowhere']) {
      const { headers } = await platform.api('GET', path, { headers: { origin: 'https://evil.example' } })
      expect([path, headers.get('referrer-policy'), headers.get('x-content-type-options'), headers.get('x-frame-options')]).toEqual([
        path,
        'no-referrer',
        'nosniff',
        'DENY',
      ])
      expect(headers.get('access-control-allow-origin')).toBeNull()
    }
  })
})

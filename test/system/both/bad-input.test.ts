import { createServer, request as httpRequest, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CredenceError } from '@credence/sdk'
import { tempHome } from '@credence/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect, credentialOf, type Journey, providerOf, registerProviders, startOutside, USER } from '../../support/journey.ts'
import { startJourney } from '../../support/profile.ts'
import { SECRETS } from '../../support/world.ts'

const home = tempHome()
let journey: Journey
let internal: Server
let internalPort = 0

beforeAll(async () => {
  internal = createServer((request, response) =>
    response.end(JSON.stringify({ authorization: request.headers.authorization?.split(' ')[0] })),
  )
  await new Promise<void>((resolve) => internal.listen(0, '127.0.0.1', resolve))
  internalPort = (internal.address() as AddressInfo).port
  const world = await startOutside()
  const allow = `${world.env.CREDENCE_EGRESS_ALLOW},127.0.0.1:${internalPort}`
  journey = await startJourney(home.path, { ...world, env: { ...world.env, CREDENCE_EGRESS_ALLOW: allow } })
  await registerProviders(journey)
  await connect(journey, 'bearer')
}, 120_000)
afterAll(async () => {
  await journey.platform.stop()
  await journey.person.leave()
  await journey.world.close()
  internal.close()
  home.remove()
})

const refusal = async (call: Promise<unknown>): Promise<CredenceError> => {
  const error = await call.catch((thrown: unknown) => thrown)
  if (!(error instanceof CredenceError)) throw new TypeError('it was not refused')
  return error
}
const payload = (change: object, pattern: object = {}): string =>
  JSON.stringify({
    display_name: 'X',
    description: 'x',
    auth_patterns: [
      {
        type: 'BEARER',
        display_name: 'Token',
        description: 't',
        fields: [{ field_name: 'token', label: 'Token', input_type: 'password', required: true }],
        ...pattern,
      },
    ],
    proxy_url: 'https://api.example.com',
    proxy_enabled: true,
    ...change,
  })
const pointers = (error: CredenceError): string[] => (error.errors ?? []).map((fault) => fault.pointer).sort()
const freshdesk = (domain: string): Promise<unknown> =>
  journey.ann.credentials.create({ providerId: providerOf(journey, 'freshdesk'), fields: { domain, username: SECRETS.freshdesk } })

describe('a provider payload', () => {
  test('[S1-9] is refused with every fault at once, each with its place and what to write instead', async () => {
    const error = await refusal(
      journey.credence.providers.create(
        payload(
          { proxy_url: 'https://user:pass@api.example.com', proxy_enabled: 'yes', displayname: 'typo', 'x-note': 'kept' },
          { type: 'BEARERR' },
        ),
      ),
    )
    expect(error.code).toBe('INVALID_PROVIDER')
    expect(pointers(error)).toEqual(expect.arrayContaining(['/auth_patterns/0/type', '/displayname', '/proxy_enabled', '/proxy_url']))
    expect(error.errors?.find((fault) => fault.pointer === '/displayname')?.detail).toContain('display_name')
    for (const fault of error.errors ?? []) expect(fault.detail.length, fault.pointer).toBeGreaterThan(10)
  })

  test('[S1-8] without proxy_url or proxy_enabled is refused', async () => {
    const error = await refusal(journey.credence.providers.create(JSON.stringify({ display_name: 'X', auth_patterns: [] })))
    expect(pointers(error)).toEqual(expect.arrayContaining(['/proxy_enabled', '/proxy_url']))
  })

  test('a field in host position of a token_uri, a header with CR LF, a type without its members and one that nobody knows are refused', async () => {
    const oauth = {
      type: 'OAUTH',
      fields: [],
      account_fields: [{ field_name: 'host', required: true }],
      oauth_config: { authorize_uri: 'https://{{host}}/a', token_uri: 'https://{{host}}/t' },
    }
    expect(pointers(await refusal(journey.credence.providers.create(payload({}, oauth)))).join()).toContain(
      '/auth_patterns/0/oauth_config/token_uri',
    )
    expect((await refusal(journey.credence.providers.create(payload({}, { auth_header_key_override: 'X-Key\r\nX-Evil' })))).code).toBe(
      'INVALID_PROVIDER',
    )
    expect((await refusal(journey.credence.providers.create(payload({}, { type: 'THIRDPARTY' })))).code).toBe('INVALID_PROVIDER')
    expect(pointers(await refusal(journey.credence.providers.create(payload({}, { type: 'SAML' }))))).toContain('/auth_patterns/0/type')
  })

  test('[S1-11] is reviewed without being saved', async () => {
    const before = await count()
    const review = await journey.credence.providers.review(payload({ proxy_enabled: false }))
    expect(JSON.stringify(review)).toContain('proxy_enabled')
    expect(await count()).toBe(before)
  })

  test('a bomb of brackets is refused in no time, and 100 MB before they are read', async () => {
    expect((await refusal(journey.credence.providers.create('['.repeat(100_000)))).code).toMatch(/INVALID_PROVIDER|INVALID_REQUEST/)
    const answer = await post(`${journey.platform.admin}/v1/providers`, 100 * 1024 * 1024)
    expect(answer).toMatchObject({ status: 413, code: 'REQUEST_TOO_LARGE' })
  })
})

async function count(): Promise<number> {
  let providers = 0
  for await (const _ of journey.credence.providers.list()) providers += 1
  return providers
}

/** Announces `bytes` and sends only what it takes to be refused. */
function post(address: string, bytes: number): Promise<{ status: number; code: string }> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${journey.platform.key}`,
      'credence-user': USER,
      'content-type': 'application/json',
      'content-length': bytes,
    }
    const sending = httpRequest(address, { method: 'POST', headers }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, code: (JSON.parse(text) as { code: string }).code })
        sending.destroy()
      })
    })
    sending.on('error', reject)
    sending.write('{')
  })
}

describe('a value that becomes a host', () => {
  test.each([
    'evil.com/path?x=',
    '169.254.169.254',
    '[::1]',
    'a.example@evil.com',
    'evil.com#',
    'evil.com:443',
    '0x7f.1',
    'metadata.google.internal',
    'a\r\nb.example',
  ])('[S1-3] %j is refused by its field, and nothing is stored', async (domain) => {
    const error = await refusal(freshdesk(domain))
    expect(error.code).toMatch(/FIELD_REFUSED|ADDRESS_REFUSED|VERIFY_FAILED|INVALID_REQUEST/)
    expect(JSON.stringify(error)).not.toContain(SECRETS.freshdesk)
  })

  test('[S1-3] a private address answers only where the operator lists it, and metadata never', async () => {
    const create = async (proxyUrl: string): Promise<string> => {
      const provider = await journey.credence.providers.create(
        payload(
          { proxy_url: proxyUrl },
          {
            type: 'BASIC',
            fields: [
              { field_name: 'username', required: true },
              { field_name: 'password', input_type: 'password' },
            ],
          },
        ),
      )
      return (
        await journey.ann.credentials.create({ providerId: provider.id, fields: { username: 'svc', password: 'internal-canary-pass' } })
      ).id
    }
    const listed = await create(`http://127.0.0.1:${internalPort}`)
    expect(await (await journey.ann.fetch(listed, '/x')).json()).toEqual({ authorization: 'Basic' })
    const unlisted = await create(`http://127.0.0.1:${internalPort === 9 ? 10 : 9}`)
    expect((await refusal(journey.ann.fetch(unlisted, '/x'))).code).toBe('ADDRESS_REFUSED')
    const metadata = await refusal(create('http://169.254.169.254').then((id) => journey.ann.fetch(id, '/latest/meta-data')))
    expect(metadata.code).toMatch(/ADDRESS_REFUSED|INVALID_PROVIDER|FIELD_REFUSED/)
  })
})

/** The path as it is written: `fetch` would tidy it up before it leaves. */
function rawCall(id: string, path: string): Promise<number> {
  const { hostname, port } = new URL(journey.platform.data)
  const headers = { authorization: `Bearer ${journey.platform.key}`, 'credence-user': USER }
  return new Promise((resolve, reject) => {
    const sending = httpRequest({ hostname, port, path: `/v1/proxy/${id}${path}`, headers }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode ?? 0))
    })
    sending.on('error', reject)
    sending.end()
  })
}

describe('a proxied call', () => {
  test('[B-3] stays below proxy_url, however its path is written', async () => {
    const id = credentialOf(journey, 'bearer')
    const before = journey.world.apis.bearer.requests.length
    for (const path of [
      '/..%2f..%2f',
      '/%2e%2e/x',
      '/a/%2E./b',
      '/../../escape',
      '/\\\\evil.example',
      '//evil.example/x',
      '/@evil.example',
      '/x?u=https://evil.example',
    ])
      expect(await rawCall(id, path), path).toBeLessThan(500)
    for (const request of journey.world.apis.bearer.requests.slice(before)) expect(request.headers.host).toBe('api.example.com')
  })

  test('[S2-18] to an upstream that never answers ends with the caller', async () => {
    const signal = AbortSignal.timeout(300)
    await expect(journey.ann.fetch(credentialOf(journey, 'bearer'), '/never', { signal })).rejects.toBeDefined()
    expect((await journey.ann.fetch(credentialOf(journey, 'bearer'), '/echo')).status).toBe(200)
  })

  test('with a body over the limit is refused before it is sent', async () => {
    const id = credentialOf(journey, 'bearer')
    expect(await post(`${journey.platform.data}/v1/proxy/${id}/x`, 100 * 1024 * 1024)).toMatchObject({
      status: 413,
      code: 'REQUEST_TOO_LARGE',
    })
  })
})

describe('a token endpoint', () => {
  const sentence = async (): Promise<string> => {
    const { session, link } = await journey.ann.sessions.create({
      providerId: providerOf(journey, 'asana'),
      returnUrl: 'http://localhost:3999/connected',
    })
    let page = await journey.person.open(link)
    page = await journey.person.submit(page, {}, { action: /\/grant$/ })
    await journey.ann.sessions.cancel(session.id).catch(() => undefined)
    return page.text
  }
  test.each([
    ['answers HTML', { answer: 'html' }],
    ['answers 200 with ok:false', { answer: 'ok_false' }],
  ])('that %s leaves a plain sentence and nothing stored', async (_name, behaviour) => {
    journey.world.asana.behave({ ...behaviour, times: 1 } as never)
    const text = await sentence()
    expect(text).toMatch(/<h1/)
    for await (const credential of journey.ann.credentials.list()) expect(credential.providerId).not.toBe(providerOf(journey, 'asana'))
  })

  test.each([
    ['no expires_in', { omit: ['expires_in'] }],
    ['no refresh_token', { omit: ['refresh_token'] }],
  ])('[S2-21] that gives %s still connects', async (_name, behaviour) => {
    journey.world.asana.behave({ ...behaviour, times: 1 } as never)
    const id = await connect(journey, 'asana')
    expect((await journey.ann.fetch(id, '/1.0/tasks')).status).toBe(200)
    await journey.ann.credentials.delete(id)
  })
})

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { OpenApi } from '../../reference/rest-page.ts'
import { provideSignIn } from '../../support/conversation.ts'
import { API, fields, leaksOf, provide, type Scene, startScene, USER } from '../../support/scene.ts'

const CANARY = 'canary-rest-wire-7f21c0de'
const JSON_TYPE = 'application/json'
/** Every member of their bodies has a default. */
const MAY_LACK = /disable$|consent$|rotate$|rotate-keys$|mint-token$/
/** The one route that looks for its subject before it looks at its body. */
const LOOKS_FIRST = '/v1/setups/{id}/payload'
/** Backends send it what they send elsewhere already. */
const LEAVES_OTHERS = '/widget/mint-token'

interface Route {
  readonly method: string
  readonly path: string
  readonly body: 'none' | 'may' | 'must'
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly text: string
  readonly json: Record<string, unknown>
}

interface Sent {
  readonly body?: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
  /** Default: that of the owner. */
  readonly key?: string
}

let scene: Scene
let routes: readonly Route[]
let providerId = ''
const answered: string[] = []

beforeAll(async () => {
  scene = await startScene()
  providerId = (await provide(scene, { type: 'BEARER', fields: fields('token*') })).id
  const { paths } = (await (await fetch(`${scene.platform.admin}/openapi.json`)).json()) as OpenApi
  routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { requestBody }]): Route => {
      const body = requestBody === undefined ? 'none' : MAY_LACK.test(path) ? 'may' : 'must'
      return { method: method.toUpperCase(), path, body }
    }),
  )
}, 120_000)
afterAll(() => scene.close())

async function call(method: string, path: string, { body, headers = {}, key = scene.key }: Sent = {}): Promise<Answer> {
  const shown: Readonly<Record<string, string>> = key === '' ? {} : { authorization: `Bearer ${key}` }
  const init = { method, headers: { ...shown, 'credence-user': USER, ...headers } }
  // As bytes: a text would bring a Content-Type of its own.
  const answer = await fetch(
    `${scene.platform.admin}${path}`,
    body === undefined ? init : { ...init, body: new Uint8Array(Buffer.from(body)) },
  )
  const text = await answer.text()
  answered.push(text)
  const type = answer.headers.get('content-type') ?? ''
  return { status: answer.status, type, text, json: type.includes('json') ? (JSON.parse(text) as Answer['json']) : {} }
}

/** What stands in the way of a client that reads the document; an empty list is a good refusal. */
function faultsOf({ status, type, json }: Answer): readonly string[] {
  const errors = (json.errors ?? []) as readonly Record<string, unknown>[]
  return [
    ...(type.startsWith('application/problem+json') ? [] : [`its type is ${type}`]),
    ...(json.status === status ? [] : [`it says ${json.status} and is ${status}`]),
    ...['type', 'title', 'code', 'detail']
      .filter((name) => typeof json[name] !== 'string' || json[name] === '')
      .map((name) => `no ${name}`),
    ...(json.code === 'INTERNAL' ? ['it is INTERNAL'] : []),
    ...errors.flatMap(({ pointer, code, detail }, i) => {
      const whole = typeof pointer === 'string' && typeof code === 'string' && typeof detail === 'string' && detail !== ''
      if (!whole) return [`errors/${i} lacks a member`]
      return /^(Invalid|Too |Unrecognized)/.test(detail) ? [`errors/${i} does not say what to do: ${detail}`] : []
    }),
  ]
}

/** Asks all of these routes, about what there is not, and lists those that do not refuse as they should. */
async function wrong(asked: readonly Route[], sent: Sent, expected: Expected): Promise<readonly string[]> {
  const found: string[] = []
  for (const { method, path } of asked) {
    const answer = await call(method, path.replace(/\{\w+\}/g, 'prov_unknown') + (expected.query ?? ''), sent)
    const { status, json, text } = answer
    const isIt = status === expected.status && (expected.fault === undefined || codesOf(json).includes(expected.fault))
    const faults = [...faultsOf(answer), ...(isIt ? [] : [`it answers ${status} ${text.slice(0, 300)}`])]
    if (faults.length > 0) found.push(`${method} ${path}: ${faults.join('; ')}`)
  }
  return found
}

interface Expected {
  readonly status: number
  /** The code of a fault. */
  readonly fault?: string
  readonly query?: string
}

function codesOf(json: Answer['json']): readonly unknown[] {
  return ((json.errors ?? []) as readonly { readonly code: unknown }[]).map(({ code }) => code)
}

const withBody = (): readonly Route[] => routes.filter(({ body, path }) => body !== 'none' && path !== LOOKS_FIRST)
const json = { 'content-type': JSON_TYPE }

test('without a key every route refuses in the same way, before it looks at anything', async () => {
  expect(routes.length).toBeGreaterThan(60)
  expect(await wrong(routes, { key: '' }, { status: 401 })).toEqual([])
})

describe('a body', () => {
  test('that is no JSON is refused by every route that takes one, and nothing of it comes back', async () => {
    for (const body of [`{"${CANARY}": `, `${CANARY}`, '\u0000', '{"label":"a"} x'])
      expect(await wrong(withBody(), { body, headers: json }, { status: 400, fault: 'INVALID_JSON' }), body).toEqual([])
    expect(answered.filter((text) => text.includes(CANARY))).toEqual([])
  })

  test('that is no UTF-8 is refused, and not kept as another text', async () => {
    const body = Buffer.concat([Buffer.from('{"label":"'), Buffer.from([0xc3, 0x28, 0xff]), Buffer.from('"}')])
    expect(await wrong(withBody(), { body, headers: json }, { status: 400, fault: 'INVALID_JSON' })).toEqual([])
  })

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/xml', ''])(
    'of the type %j is refused with the type to send',
    async (type) => {
      const headers: Readonly<Record<string, string>> = type === '' ? {} : { 'content-type': type }
      const sent = { body: `{"label":"${CANARY}"}`, headers }
      expect(await wrong(withBody(), sent, { status: 400, fault: 'INVALID_CONTENT_TYPE' })).toEqual([])
    },
  )

  test('that is compressed is refused', async () => {
    const sent = { body: 'x', headers: { ...json, 'content-encoding': 'gzip' } }
    expect(await wrong(withBody(), sent, { status: 400, fault: 'INVALID_CONTENT_ENCODING' })).toEqual([])
  })

  test('that is missing is told where one is needed, whether or not its type is named', async () => {
    const needed = withBody().filter(({ body }) => body === 'must')
    expect(needed.length).toBeGreaterThan(20)
    for (const headers of [json, {}]) expect(await wrong(needed, { headers }, { status: 400 })).toEqual([])
  })

  test('that is empty is none where none is needed', async () => {
    const bare = routes.filter(({ body, method, path }) => body !== 'must' && method !== 'GET' && path.includes('{id}'))
    expect(bare.length).toBeGreaterThan(10)
    for (const headers of [json, {}]) expect(await wrong(bare, { headers }, { status: 404 })).toEqual([])
  })

  test.each(['[]', '"x"', '3', 'true'])('%s is refused by every route', async (body) => {
    expect(await wrong(withBody(), { body, headers: json }, { status: 400 })).toEqual([])
  })

  test.each(['{"__proto__":{"x":1}}', '{"constructor":{"prototype":{"x":1}}}', '{"no_member":1}'])(
    '%s is refused by every route but the one that leaves other members alone',
    async (body) => {
      const strict = withBody().filter(({ path }) => path !== LEAVES_OTHERS)
      expect(await wrong(strict, { body, headers: json }, { status: 400 })).toEqual([])
      expect((await call('POST', LEAVES_OTHERS, { body, headers: json })).status).toBe(200)
    },
  )

  test('is refused with every fault at once, each with the place and what to write', async () => {
    const body = JSON.stringify({ label: '', role: CANARY, scopes: CANARY, other: CANARY })
    const { status, json: problem } = await call('POST', '/v1/keys', { body, headers: json })
    expect(status).toBe(400)
    expect(problem.errors).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ pointer: '/role', code: 'NOT_ALLOWED', detail: expect.stringMatching(/^Write one of `/) }),
        expect.objectContaining({ pointer: '/scopes', code: 'INVALID_TYPE', detail: 'Write a list.' }),
        { pointer: '/other', code: 'UNKNOWN_MEMBER', detail: 'Remove it; there is no such member.' },
      ]),
    )
    const patched = await call('PATCH', '/v1/project', { body: '{"origins":["nowhere"],"confirm":"host"}', headers: json })
    expect(patched.json.errors).toMatchObject([{ pointer: '/origins/0' }])
    expect(answered.filter((text) => text.includes(CANARY))).toEqual([])
  })
})

describe('an address', () => {
  test('with a parameter that nothing reads is refused by every route that needs no body', async () => {
    const asked = routes.filter(({ body }) => body !== 'must')
    expect(await wrong(asked, {}, { status: 400, fault: 'UNKNOWN_MEMBER', query: '?valdate_only=true' })).toEqual([])
  })

  test('[S1-11] a misspelt `validate_only` saves nothing', async () => {
    const body = JSON.stringify({ display_name: 'Unsaved', auth_patterns: [{ type: 'NONE' }], proxy_url: API, proxy_enabled: true })
    const names = async (): Promise<string> => (await call('GET', '/v1/providers?page_size=200')).text
    const refused = await call('POST', '/v1/providers?validateOnly=true', { body, headers: json })
    expect(refused.json).toMatchObject({ status: 400, errors: [{ pointer: '/validateOnly', code: 'UNKNOWN_MEMBER' }] })
    expect(await names()).not.toContain('Unsaved')
    const reviewed = await call('POST', '/v1/providers?validate_only=true', { body, headers: json })
    expect(reviewed).toMatchObject({ status: 200, json: { review: { display_name: 'Unsaved', proxy_enabled: true } } })
    expect(await names()).not.toContain('Unsaved')
  })

  test('of what there is not is NOT_FOUND, also where the id could be none', async () => {
    const named = routes.filter(({ path, body }) => path.includes('{id}') && body === 'none')
    expect(named.length).toBeGreaterThan(20)
    expect(await wrong(named, {}, { status: 404 })).toEqual([])
    const odd = [
      '..%2f..',
      '%00',
      'a%0d%0ab',
      '%F0%9F%94%91',
      '$where',
      'x'.repeat(600),
      `${providerId}x`,
      providerId.replace('prov_', 'cred_'),
    ]
    for (const id of odd)
      for (const noun of ['providers', 'credentials', 'sessions', 'setups', 'capabilities'])
        expect(faultsOf(await call('GET', `/v1/${noun}/${id}`)), `${noun} ${id}`).toEqual([])
  })

  test.each([
    ['GET', '/v1/nothing', 404, 'NOT_FOUND', /method and the path/],
    ['PATCH', '/v1/providers', 404, 'NOT_FOUND', /method and the path/],
    ['GET', '/v1/providers/%zz', 400, 'INVALID_REQUEST', /percent-encoded/],
    ['GET', '/v1/providers?page_size=0', 400, 'INVALID_REQUEST', /at least 1/],
    ['GET', '/v1/providers?page_size=201', 400, 'INVALID_REQUEST', /at most 200/],
    ['GET', '/v1/providers?page_size=1&page_size=2', 400, 'INVALID_REQUEST', /Write a number/],
    ['GET', '/v1/providers?page_token=x', 400, 'INVALID_PAGE_TOKEN', /without `page_token`/],
    ['POST', '/v1/providers?catalog=nope', 400, 'INVALID_REQUEST', /"\/catalog"/],
    ['GET', '/v1/events?from=yesterday', 400, 'INVALID_CURSOR', /RFC 3339/],
    ['GET', '/v1/providers/PROVIDER/client', 400, 'INVALID_REQUEST', /sign-in/],
    ['GET', '/v1/providers/PROVIDER?version=99', 404, 'NOT_FOUND', /no such/],
  ])('%s %s is %d %s and says what to do', async (method, path, status, code, says) => {
    const answer = await call(method, path.replace('PROVIDER', providerId))
    expect(faultsOf(answer)).toEqual([])
    expect(answer.json).toMatchObject({ status, code })
    expect(answer.text).toMatch(says)
  })
})

test('a client of a provider is refused by the name that REST has for the member', async () => {
  const provider = await provideSignIn(scene)
  const body = JSON.stringify({ client_id: 'with\nline', client_secret: CANARY })
  const { status, json: problem } = await call('PUT', `/v1/providers/${provider.id}/client`, { body, headers: json })
  expect(status).toBe(400)
  expect(problem.errors).toMatchObject([{ pointer: '/client_id' }])
  expect(await leaksOf(scene, { CANARY }, { answers: answered.join('\n') })).toEqual([])
})

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { writeClientFile } from '../src/client-file.ts'
import { run } from '../src/program.ts'

const CANARY = 'canary-s3cret'
const CREDENTIAL = {
  id: 'cred_1',
  label: 'Work',
  level: 'user',
  family: 'basic',
  provider_id: 'prov_1',
  provider_name: 'My Freshdesk',
  provider_version: 1,
  pattern: 0,
  status: 'expired',
  reason: 'refresh_refused',
  account_fields: {},
  scopes: [],
  shares: [],
  tags: {},
  created_at: '2026-11-21T01:02:03.000Z',
  reconnect_url: 'http://localhost:7400/r/cred_1',
  consumer_count: 2,
  assets: [],
}
const FRESHDESK = readFileSync(new URL('../../provider/test/payloads/freshdesk.json', import.meta.url), 'utf8')
const PROVIDER = `{"id":"prov_1","version":1,"display_name":"My Freshdesk","origin":"own","payload":${FRESHDESK}}`

let server: Server
let url = ''
let answers: Record<string, string> = {}
let received: { route: string; body: string; user: unknown }[] = []

beforeEach(async () => {
  received = []
  answers = { 'GET /v1/providers': `{"providers":[${PROVIDER}]}`, 'GET /v1/providers/prov_1': PROVIDER }
  server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const route = `${request.method} ${request.url}`
    received.push({ route, body, user: request.headers['credence-user'] })
    const answer = answers[route]
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(answer ?? '{"code":"NOT_FOUND","detail":"No such thing."}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(() => {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(resolve))
})

async function credence(
  line: string,
  { input = '', home }: { input?: string | AsyncIterable<Uint8Array>; home?: string } = {},
): Promise<{ code: number; out: string; err: string }> {
  const said = { out: '', err: '' }
  const keep = (to: 'out' | 'err') => (text: string) => {
    said[to] += `${text}\n`
  }
  async function* stdin(): AsyncGenerator<Uint8Array> {
    if (typeof input !== 'string') yield* input
    else if (input !== '') yield Buffer.from(input)
  }
  const code = await run([...line.split(' '), '--api-url', url, '--home', home ?? '/nowhere'], {
    terminal: { out: keep('out'), err: keep('err'), interactive: false },
    environment: home === undefined ? { key: 'crd_canary-key' } : {},
    input: stdin(),
  })
  expect(said.out + said.err).not.toMatch(/canary/)
  return { code, ...said }
}

/** As a slow program at the other end of a pipe does. */
async function* slowly(text: string): AsyncGenerator<Uint8Array> {
  for (const byte of Buffer.from(text)) {
    await new Promise(setImmediate)
    yield Uint8Array.of(byte)
  }
}

describe('a file named - is standard input', () => {
  const payload = { display_name: 'Ä', auth_patterns: [{ type: 'NONE' }], proxy_url: 'https://a.example', proxy_enabled: true }
  const text = JSON.stringify(payload)

  test('[S1-1] a payload is read to its end, however slowly it comes, and sent byte for byte', async () => {
    answers['POST /v1/providers'] = `{"id":"prov_1","version":1,"payload":${text}}`
    expect((await credence('provider create -', { input: slowly(text) })).code).toBe(0)
    expect(received.at(-1)?.body).toBe(text)
    expect((await credence('provider lint -', { input: slowly(text) })).out).toContain('NONE')
  })

  test('[S0-13] [S0-15] so are a capability and records', async () => {
    answers['POST /v1/capabilities'] =
      '{"capability":{"id":"cap_1","methods":[],"paths":[],"scopes":[],"security":{"level":"none","facts":[]}}}'
    await credence('capability create -', { input: slowly('{"name":"orders"}') })
    expect(received.at(-1)?.body).toBe('{"name":"orders"}')
    answers['PUT /v1/identity/records'] = '{"users":[]}'
    expect((await credence('identity records push -', { input: slowly('[]') })).code).toBe(0)
    expect(received.at(-1)?.body).toContain('"records":[]')
  })
})

describe('a secret goes in and is never seen', () => {
  test('[S1-13] the client of a provider is registered with its secret from standard input, and the redirect address is shown', async () => {
    const client = { id: 'ocl_1', provider_id: 'prov_1', client_id: 'abc', redirect_uri: 'http://localhost:7400/oauth/callback/ocl_1' }
    answers['PUT /v1/providers/prov_1/client'] = JSON.stringify(client)
    const { code, out, err } = await credence('client put prov_1 --id abc', { input: `${CANARY}\n` })
    expect(code).toBe(0)
    expect(received.at(-1)?.body).toBe(`{"client_id":"abc","client_secret":"${CANARY}"}`)
    expect(out).toContain('redirect address  http://localhost:7400/oauth/callback/ocl_1')
    expect(err).toContain('letter by letter')
  })

  test('[S1-13] without one, what came from standard input must not be empty, except for a public client', async () => {
    expect((await credence('client put prov_1 --id abc')).code).toBe(1)
    answers['PUT /v1/providers/prov_1/client'] = '{"id":"ocl_1"}'
    expect((await credence('client put prov_1 --id abc --public')).code).toBe(0)
    expect(received.at(-1)?.body).toBe('{"client_id":"abc"}')
  })

  test('[S2-14] a credential is created with plain fields as flags and secret ones from standard input', async () => {
    answers['POST /v1/credentials'] = JSON.stringify(CREDENTIAL)
    const { code, out } = await credence(
      'credential create prov_1 --label Work --tag team_a=x --field domain=a.freshdesk.com --fields-stdin',
      { input: JSON.stringify({ username: CANARY }) },
    )
    expect(code).toBe(0)
    expect(JSON.parse(received.at(-1)?.body ?? '')).toEqual({
      provider_id: 'prov_1',
      pattern: 0,
      label: 'Work',
      tags: { team_a: 'x' },
      fields: { username: CANARY, domain: 'a.freshdesk.com' },
    })
    expect(out).toMatch(/^status +expired \(refresh_refused\)$/m)
  })

  test('a replacement asks for the fields of the pattern that the credential has', async () => {
    answers['GET /v1/credentials/cred_1'] = JSON.stringify(CREDENTIAL)
    answers['PUT /v1/credentials/cred_1/secret'] = JSON.stringify(CREDENTIAL)
    const fields = { domain: 'a.freshdesk.com', username: CANARY }
    expect(
      (await credence('credential replace cred_1 --fields-stdin --confirm-account-change', { input: JSON.stringify(fields) })).code,
    ).toBe(0)
    expect(JSON.parse(received.at(-1)?.body ?? '')).toEqual({ confirm_account_change: true, fields })
    expect((await credence('credential replace cred_1')).err).toContain('/fields/username  MISSING')
  })
})

describe('what is printed', () => {
  test('a list is a table for people and the names of the API for programs', async () => {
    answers['GET /v1/credentials?status=expired'] = JSON.stringify({ credentials: [CREDENTIAL] })
    const table = await credence('credential list --status expired')
    expect(table.out.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['ID', 'PROVIDER', 'LABEL', 'ACCOUNT', 'STATUS', 'EXPIRES', 'LAST USED'],
      ['cred_1', 'My Freshdesk', 'Work', '-', 'expired (refresh_refused)', '-', '-'],
      [''],
    ])
    const json = await credence('credential list --status expired -o json')
    expect(JSON.parse(json.out)).toEqual([CREDENTIAL])
  })

  test('nothing is said on standard error and nothing on standard output', async () => {
    answers['GET /v1/credentials'] = '{"credentials":[]}'
    const { code, out, err } = await credence('credential list')
    expect([code, out]).toEqual([0, ''])
    expect(err).toContain('credence connect')
    expect((await credence('credential list -o json')).out).toBe('[]\n')
  })

  test('a delete tells of the revocation and of who was told', async () => {
    const orphaned = [{ id: 'csmr_1', credential_id: 'cred_1', kind: 'tool', external_ref: 'x', label: '' }]
    answers['DELETE /v1/credentials/cred_1?force=true'] = JSON.stringify({ revocation: 'left_shared_grant', orphaned })
    const { out } = await credence('credential delete cred_1 --force')
    expect(out).toBe('cred_1 is deleted. Revocation at the provider: left shared grant. Consumers that were told: 1.\n')
  })

  test('the payload of a provider is what was received, byte for byte', async () => {
    expect((await credence('provider get prov_1')).out).toBe(`${FRESHDESK}\n`)
    expect(JSON.parse((await credence('provider get prov_1 -o json')).out)).toEqual(JSON.parse(PROVIDER))
  })

  test('a name that fits no provider is refused with those that are there, and a command that adds one', async () => {
    answers['GET /v1/catalog'] = JSON.stringify({ entries: [{ slug: 'openai', display_name: 'OpenAI', description: '' }] })
    const { code, err } = await credence('provider get freshdisk')
    expect(code).toBe(1)
    expect(err).toContain('There are: My Freshdesk. Add one: credence provider create FILE, or of those')
    expect((await credence('provider get OpenAI')).err).toContain('Add one: credence provider create --catalog openai\n')
  })

  test('events are asked for as the whole project unless a user is named', async () => {
    answers['GET /v1/events?credential_id=cred_1&limit=500'] = JSON.stringify({
      events: [
        {
          type: 'dev.credence.credential.expired',
          subject: 'cred_1',
          time: '2026-11-21T01:02:03Z',
          data: { reason: 'x', credential_id: 'cred_1' },
          cursor: 'e.1',
        },
      ],
    })
    const { out } = await credence('events list --credential cred_1')
    expect(out.split('\n')[1]?.split(/ {2,}/)).toEqual(['2026-11-21T01:02:03Z', 'credential.expired', 'cred_1', 'reason=x', 'e.1'])
    const home = mkdtempSync(join(tmpdir(), 'credence-home-'))
    writeClientFile(home, { apiUrl: url, key: 'crd_file', user: 'id:admin' })
    for (const more of ['', ' --user id:ann']) await credence(`events list --credential cred_1${more}`, { home })
    await credence('credential list', { home })
    rmSync(home, { recursive: true })
    expect(received.map(({ user }) => user)).toEqual([undefined, undefined, 'id:ann', 'id:admin'])
  })

  test('project settings change only where they were given', async () => {
    answers['PATCH /v1/project'] =
      '{"id":"proj_1","name":"a","return_urls":["https://a.example/x"],"origins":[],"confirm":"code","reconnect_url":""}'
    const { out } = await credence('project set --return-url https://a.example/x --console-issuer none')
    expect(JSON.parse(received.at(-1)?.body ?? '')).toEqual({ return_urls: ['https://a.example/x'], console_issuer: null })
    expect(out).toContain('return addresses  https://a.example/x')
    expect((await credence('project set')).code).toBe(2)
    expect((await credence('project set --console-issuer https://i.example')).code).toBe(2)
  })

  test('a count, a time and a pair that are none are a wrong use naming the flag', async () => {
    for (const line of [
      'credential list --limit many',
      'key create --expires-at tomorrow',
      'credential relabel cred_1 --tag x',
      'credential relabel cred_1',
    ]) {
      const { code, err } = await credence(line)
      expect([line, code]).toEqual([line, 2])
      expect(err).toMatch(/`--(limit|expires-at|tag|label)`/)
    }
  })
})

describe('connect without a terminal', () => {
  const session = { id: 'sess_1', state: 'open', provider_id: 'prov_1', confirm: 'code', user: 'usr_1' }
  const WAIT = 'GET /v1/sessions/sess_1/wait?timeout_ms=2000'

  beforeEach(() => {
    answers['POST /v1/sessions'] = JSON.stringify({ session, link: 'http://localhost:7400/connect/abc' })
    answers['GET /v1/credentials/cred_1'] = JSON.stringify(CREDENTIAL)
  })

  test('prints the link first and the credential when the person is done', async () => {
    answers[WAIT] = JSON.stringify({ ...session, state: 'connected', credential_id: 'cred_1' })
    const { code, out } = await credence('connect prov_1 --label Work -o json')
    expect(code).toBe(0)
    const [first, last] = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(first).toMatchObject({ link: 'http://localhost:7400/connect/abc', session: { id: 'sess_1' } })
    expect(last).toMatchObject({ id: 'cred_1' })
    expect(JSON.parse(received.find(({ route }) => route === 'POST /v1/sessions')?.body ?? '')).toEqual({
      provider_id: 'prov_1',
      label: 'Work',
      confirm: 'code',
    })
  })

  test('says how to hand in the digits that it cannot ask for', async () => {
    answers[WAIT] = JSON.stringify({ ...session, state: 'unconfirmed' })
    const { code, err } = await credence('connect prov_1')
    expect(code).toBe(1)
    expect(err).toContain('credence session complete sess_1 CODE')
  })

  test('ends with the reason of a session that failed', async () => {
    answers[WAIT] = JSON.stringify({ ...session, state: 'failed', code: 'GRANT_DENIED', detail: 'You did not allow the access.' })
    expect(await credence('connect prov_1')).toMatchObject({ code: 1, err: expect.stringContaining('You did not allow the access.') })
    answers[WAIT] = JSON.stringify({ ...session, state: 'timed_out' })
    expect((await credence('connect prov_1')).err).toContain('SESSION_EXPIRED')
  })

  test('gives up after its time, and needs to know what to connect', async () => {
    answers[WAIT] = JSON.stringify(session)
    expect(await credence('connect prov_1 --timeout 4')).toMatchObject({ code: 3 })
    expect(received.filter(({ route }) => route === WAIT)).toHaveLength(2)
    expect((await credence('connect')).code).toBe(2)
  })
})

describe('every command asks for one thing', () => {
  const KEY = { key: { id: 'key_1', label: 'ci', scopes: ['use'], state: 'active' }, secret: 'crd_new' }
  const SESSION = { id: 'sess_1', state: 'cancelled', provider_id: 'prov_1', confirm: 'code', user: 'usr_1' }
  const CONSUMER = { id: 'csmr_1', credential_id: 'cred_1', kind: 'agent', external_ref: 'crm', label: '' }

  test.each([
    ['credential get cred_1', 'GET /v1/credentials/cred_1', '', CREDENTIAL],
    [
      'credential share cred_1 email:b@c.de --permission manage',
      'PUT /v1/credentials/cred_1/shares/email%3Ab%40c.de',
      '{"permission":"manage"}',
      CREDENTIAL,
    ],
    ['credential unshare cred_1 project', 'DELETE /v1/credentials/cred_1/shares/project', '', CREDENTIAL],
    ['credential transfer cred_1 id:bob', 'POST /v1/credentials/cred_1/transfer', '{"to":"id:bob"}', CREDENTIAL],
    ['credential disable cred_1 --reason lost', 'POST /v1/credentials/cred_1/disable', '{"reason":"lost"}', CREDENTIAL],
    ['credential enable cred_1', 'POST /v1/credentials/cred_1/enable', '', { credential: CREDENTIAL, refresh_outcome: 'saved' }],
    ['credential verify cred_1', 'POST /v1/credentials/cred_1/verify', '', { verdict: 'failed', cause: 'key_wrong', upstream_status: 401 }],
    ['credential relabel cred_1 --label New', 'PATCH /v1/credentials/cred_1', '{"label":"New"}', CREDENTIAL],
    ['credential bind cred_1 crm --kind agent', 'POST /v1/credentials/cred_1/consumers', '{"kind":"agent","external_ref":"crm"}', CONSUMER],
    ['credential consumers cred_1', 'GET /v1/credentials/cred_1/consumers', '', { consumers: [CONSUMER] }],
    [
      'credential history cred_1',
      'GET /v1/credentials/cred_1/history',
      '',
      { entries: [{ id: 'evt_1', action: 'call', actor: 'key_1', outcome: 'ok' }] },
    ],
    ['key create --scopes use,act_for --label ci', 'POST /v1/keys', '{"label":"ci","scopes":["use","act_for"]}', KEY],
    ['key rotate key_1 --overlap 0', 'POST /v1/keys/key_1/rotate', '{"overlap_s":0}', KEY],
    ['key list', 'GET /v1/keys', '', { keys: [KEY.key] }],
    ['session get sess_1', 'GET /v1/sessions/sess_1', '', SESSION],
    ['session wait sess_1 --timeout 1', 'GET /v1/sessions/sess_1/wait?timeout_ms=1000', '', SESSION],
    ['session cancel sess_1', 'POST /v1/sessions/sess_1/cancel', '', SESSION],
    [
      'session complete sess_1 123456',
      'POST /v1/sessions/sess_1/complete',
      '{"code":"123456"}',
      { session: SESSION, credential: CREDENTIAL },
    ],
    [
      'session create prov_1 --confirm login --scope a --scope b',
      'POST /v1/sessions',
      '{"provider_id":"prov_1","confirm":"login","scopes":["a","b"]}',
      { session: SESSION, link: 'l' },
    ],
    ['provider catalog', 'GET /v1/catalog', '', { entries: [{ slug: 'github', display_name: 'GitHub', types: ['OAUTH'] }] }],
    ['provider create --catalog github', 'POST /v1/providers?catalog=github', '', JSON.parse(PROVIDER)],
    ['project get', 'GET /v1/project', '', { id: 'proj_1', name: 'a', return_urls: [], origins: [], confirm: 'host', reconnect_url: '' }],
  ] as const)('%s', async (line, route, body, answer) => {
    answers[route] = JSON.stringify(answer)
    for (const format of ['table', 'json']) {
      const { code, out } = await credence(`${line} -o ${format}`)
      expect([code, received.at(-1)]).toMatchObject([0, { route, body }])
      expect(out).not.toMatch(/undefined|\[object/)
      if (format === 'json') expect(JSON.parse(out)).toBeTypeOf('object')
    }
  })

  test('a key is shown once, with the warning that it is', async () => {
    answers['POST /v1/keys'] = JSON.stringify(KEY)
    const { out, err } = await credence('key create')
    expect(out).toMatch(/^key +crd_new$/m)
    expect(err).toContain('this once')
  })

  test('a rotation tells how far it is and what was retired', async () => {
    answers['POST /v1/project/rotate-keys'] =
      'event: progress\ndata: {"project_key_id":"pk:2","done":3,"total":3}\n\nevent: done\ndata: {}\n\n'
    const { out, err } = await credence('key rotate-project --retire')
    expect(err).toBe('Wrapped 3 of 3\n')
    expect(out).toBe('3 secrets are wrapped under pk:2. The former keys are destroyed.\n')
    expect(received.at(-1)?.body).toBe('{"retire":true}')
  })

  test('two providers of one name are told apart by their ids', async () => {
    answers['GET /v1/providers'] = `{"providers":[${PROVIDER},${PROVIDER.replace('prov_1', 'prov_2')}]}`
    const home = mkdtempSync(join(tmpdir(), 'credence-home-'))
    writeClientFile(home, { apiUrl: url, key: 'crd_file' })
    const err: string[] = []
    const terminal = { out: () => undefined, err: (text: string) => void err.push(text), interactive: false }
    const code = await run(['provider', 'get', 'my freshdesk', '--home', home], { terminal, environment: {}, input: [] as never })
    rmSync(home, { recursive: true })
    expect(code).toBe(1)
    expect(err[0]).toContain('prov_1, prov_2')
  })
})

test('[S3-9] a widget token is made for one person, and narrowed to origins', async () => {
  answers['POST /widget/mint-token'] = '{"token":"eyJ.a.b","expires_at":"2026-11-21T01:00:00.000Z"}'
  const { code, out } = await credence(
    'widget token --email ann@example.com --agent a7 --origin https://a.example --origin https://b.example',
  )
  expect(code).toBe(0)
  expect(JSON.parse(received.at(-1)?.body ?? '')).toEqual({
    user_email: 'ann@example.com',
    context: { agent: 'a7' },
    origins: ['https://a.example', 'https://b.example'],
  })
  expect(out).toMatch(/^token +eyJ\.a\.b$/m)
  expect(out).toMatch(/^expires +2026-11-21T01:00:00.000Z$/m)
})

describe('capabilities and histories', () => {
  const CAPABILITY = {
    id: 'cap_1',
    name: 'Orders',
    description: '',
    provider_id: 'prov_1',
    provider_name: 'My Freshdesk',
    provider_version: 1,
    pattern: 0,
    auth_type: 'basic',
    mode: 'full_access',
    credential_id: 'cred_1',
    methods: ['GET'],
    paths: ['/orders/*'],
    security: { level: 'none', facts: [] },
    consent: { required: false, purpose: '' },
    exclusive: false,
    scopes: [],
    customers: 0,
  }

  test('[S0-15] a capability is made of a file as it is written, and a refused credential is said at once', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'capability-'))
    const file = join(folder, 'orders.json')
    const wanted = { name: 'Orders', provider_id: 'prov_1', mode: 'full_access', credential_id: 'cred_1', paths: ['/orders/*'] }
    writeFileSync(file, JSON.stringify(wanted))
    const verification = { verdict: 'failed', cause: 'key_wrong', sentence: 'The key was refused.', upstream_status: 401 }
    answers['POST /v1/capabilities'] = JSON.stringify({ capability: CAPABILITY, verification })
    answers['POST /v1/capabilities?validate_only=true'] = JSON.stringify({ verification })
    const { code, out, err } = await credence(`capability create ${file}`)
    expect([code, JSON.parse(received.at(-1)?.body ?? '')]).toEqual([0, wanted])
    expect(out).toMatch(/mode +full_access/)
    expect(out).toMatch(/status +401/)
    expect(err).toContain('The key was refused.')
    expect((await credence(`capability validate ${file}`)).out).toMatch(/faults +none/)
    expect((await credence(`capability create ${folder}/none.json`)).code).not.toBe(0)
    rmSync(folder, { recursive: true })
  })

  test('[S0-7] a conversation prints the link to show, and waits when it is told to', async () => {
    const session = { id: 'sess_1', state: 'open', provider_id: 'prov_1', confirm: 'code', user: 'usr_1', capability_id: 'cap_1' }
    answers['POST /v1/capabilities/cap_1/connect'] = JSON.stringify({ session, link: 'http://localhost:7400/connect/abc' })
    answers['GET /v1/sessions/sess_1/wait?timeout_ms=5000'] = JSON.stringify({ ...session, state: 'connected', credential_id: 'cred_1' })
    const { code, out } = await credence('capability connect cap_1 --wait 5 --user id:ann')
    expect(code).toBe(0)
    expect(out).toContain('http://localhost:7400/connect/abc')
    expect(out).toMatch(/credential +cred_1/)
    expect(received[0]?.user).toBe('id:ann')
  })

  test('[S0-12] a history is filtered as asked, and exported to a file line by line', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'history-'))
    const file = join(folder, 'all.ndjson')
    const lines = `{"id":"1"}\n{"id":"2"}\n`
    answers['GET /v1/capabilities/cap_1/history/export?outcome=failed&format=ndjson'] = lines
    answers['GET /v1/credentials/cred_1/history/export?format=csv'] = 'at,action\r\n'
    const { code, out } = await credence(`history export cap_1 --outcome failed --file ${file}`)
    expect([code, readFileSync(file, 'utf8'), out.trim()]).toEqual([0, lines, `${file} has 2 lines.`])
    expect((await credence('history export cred_1 --format csv')).out).toContain('at,action')
    expect((await credence(`history export cred_1 --format csv --file ${folder}/no/such`)).code).not.toBe(0)
    const entry = { id: '1', action: 'call', actor: 'key_1', outcome: 'ok', user: 'id:ann' }
    answers['GET /v1/credentials/cred_1/history?user=id%3Aann&action=call&search=x'] = JSON.stringify({ entries: [entry] })
    expect((await credence('history list cred_1 --customer id:ann --action call --search x')).out).toContain('key_1')
    rmSync(folder, { recursive: true })
  })

  test('[S0-13] a challenge is answered from standard input, and no answer is printed', async () => {
    const pass = { id: 'pass_1', capability_id: 'cap_1', user: 'usr_1', expires_at: '2026-11-21T01:02:03.000Z' }
    answers['POST /v1/identity/answers'] = JSON.stringify({ pass })
    const { code, out } = await credence('identity answer chl --user id:ann', { input: `{"zip":"${CANARY}"}` })
    expect([code, received[0]?.user, received[0]?.body]).toEqual([0, 'id:ann', `{"challenge":"chl","answers":{"zip":"${CANARY}"}}`])
    expect(out).toMatch(/id +pass_1/)
    expect((await credence('identity revoke pass_1')).code).toBe(1)
    answers['GET /v1/identity/passes?capability_id=cap_1'] = JSON.stringify({ passes: [pass] })
    expect((await credence('identity passes --capability cap_1')).out).toContain('usr_1')
  })

  test('[S0-13] records are pushed from a file, and listed by customer and fact names', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'records-'))
    const file = join(folder, 'records.json')
    const records = [{ user: 'id:ann', facts: { zip: CANARY, order_number: ['1', '2'] } }]
    writeFileSync(file, JSON.stringify(records))
    answers['PUT /v1/identity/records'] = '{"users":["usr_1"]}'
    const { code, out } = await credence(`identity records push ${file} --merge`)
    expect([code, JSON.parse(received.at(-1)?.body ?? ''), out.trim()]).toEqual([0, { records, merge: true }, '1 record pushed.'])
    writeFileSync(file, `{"${CANARY}`)
    expect((await credence(`identity records push ${file}`)).code).not.toBe(0)
    answers['GET /v1/identity/records'] = '{"records":[{"user":"usr_1","facts":["zip"]}]}'
    expect((await credence('identity records list')).out).toMatch(/usr_1 +zip/)
    answers['DELETE /v1/identity/records/id%3Aann?facts=zip'] = '{"deleted":true}'
    expect((await credence('identity records delete id:ann --fact zip')).out.trim()).toBe('Deleted.')
    rmSync(folder, { recursive: true })
  })

  test('[S0-14] consents are given, listed and withdrawn', async () => {
    const consent = {
      ...{ id: 'cons_1', capability_id: 'cap_1', user: 'usr_1', state: 'given', purpose: 'Orders', scopes: ['orders.read'] },
      ...{ given_at: '2026-11-21T01:02:03.000Z', given_by: 'key_1', how: 'api', covers: true, earlier: [] },
    }
    answers['POST /v1/capabilities/cap_1/consent'] = JSON.stringify(consent)
    const { code, out } = await credence('consent give cap_1 --scope orders.read --how api --user id:ann')
    expect([code, JSON.parse(received.at(-1)?.body ?? '')]).toEqual([0, { scopes: ['orders.read'], how: 'api' }])
    expect(out).toMatch(/given by +key_1/)
    answers['GET /v1/consents?user=id%3Aann'] = JSON.stringify({ consents: [consent] })
    expect((await credence('consent list --customer id:ann')).out).toContain('cons_1')
    answers['POST /v1/consents/cons_1/withdraw'] = JSON.stringify({ ...consent, state: 'withdrawn' })
    expect((await credence('consent withdraw cons_1')).out.trim()).toBe('cons_1 is withdrawn.')
  })
})

import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Credence, createCredence } from '../src/index.ts'
import { type ContractServer, collect, KEY, startContractServer } from './contract-server.ts'
import { CREDENTIAL } from './messages.ts'

let server: ContractServer
let credence: Credence

beforeEach(async () => {
  server = await startContractServer()
  credence = createCredence({ apiUrl: server.url, key: KEY })
})
afterEach(() => server[Symbol.asyncDispose]())

const HEAD = '{"id":"prov_1","version":3,"created_at":"2026-11-21T01:02:03.000Z","display_name":"A","origin":"own","payload":'

test.each(['asana', 'attention', 'bearer', 'freshdesk'])('the payload of %s goes and comes back byte for byte', async (name) => {
  const bytes = readFileSync(new URL(`../../provider/test/payloads/${name}.json`, import.meta.url))
  server.on('POST /v1/providers', ({ body }) => ({ status: 201, raw: `${HEAD}${body},"review":{"display_name":"A"}}` }))
  server.on('GET /v1/providers', () => ({ raw: `{"providers":[${HEAD}${bytes}},${HEAD}${bytes}}],"next_page_token":"x"}` }))
  const saved = await credence.providers.create(bytes)
  expect(server.received[0]?.body.equals(bytes)).toBe(true)
  expect(saved).toMatchObject({ id: 'prov_1', version: 3, displayName: 'A', review: { displayName: 'A' } })
  expect(Buffer.from(saved.payloadJson).equals(bytes)).toBe(true)
  const seen: string[] = []
  for await (const { payloadJson } of credence.providers.list()) {
    seen.push(payloadJson)
    if (seen.length === 2) break
  }
  expect(seen).toEqual([String(bytes), String(bytes)])
})

test('a payload with brackets, quotes and escapes in its texts keeps its own form', async () => {
  const payload = String.raw`  { "a" : "}]\"\\" ,"b":[1.50, -2e3,{"c":null}],"payload":"x" ,	"d":"\u00e9"} `
  server.on('GET /v1/providers/:id', () => ({ raw: ` { "id" : "prov_1" , "payload" :${payload}, "version":1 } ` }))
  expect((await credence.providers.get('prov_1', 2)).payloadJson).toBe(payload)
  expect(server.received[0]?.query.get('version')).toBe('2')
})

test('[S1-11] a review saves nothing and asks as an update where a provider is named', async () => {
  const review = { display_name: 'A', patterns: [{ fields: [{ input_type: 'text' }] }] }
  const read = { displayName: 'A', patterns: [{ fields: [{ inputType: 'text' }] }] }
  server.on('POST /v1/providers', () => ({ json: { review } }))
  server.on('PUT /v1/providers/:id', () => ({ raw: `${HEAD}{},"review":${JSON.stringify(review)},"kept":2}` }))
  expect(await credence.providers.review({ display_name: 'A' })).toEqual(read)
  expect(await credence.providers.review('{"display_name":"A"}', { providerId: 'prov_1' })).toEqual(read)
  expect(server.received.map(({ method, path, query, body }) => `${method} ${path}?${query} ${body}`)).toEqual([
    'POST /v1/providers?validate_only=true {"display_name":"A"}',
    'PUT /v1/providers/prov_1?validate_only=true {"display_name":"A"}',
  ])
})

test('[S1-13] the client of a provider is put with its secret as bytes, and the redirect address comes back', async () => {
  const client = { id: 'ocl_1', provider_id: 'prov_1', client_id: 'abc', redirect_uri: 'http://localhost:7400/oauth/callback/ocl_1' }
  server.on('PUT /v1/providers/:id/client', () => ({ json: client }))
  const secret = Buffer.from('s"e\\c\nrét')
  const put = await credence.clients.put('prov_1', { clientId: 'abc', clientSecret: secret })
  expect(put).toMatchObject({ clientId: 'abc', redirectUri: client.redirect_uri })
  expect(JSON.parse(String(server.received[0]?.body))).toEqual({ client_id: 'abc', client_secret: 's"e\\c\nrét' })
  await credence.clients.put('prov_1', { clientId: 'public' })
  expect(JSON.parse(String(server.received[1]?.body))).toEqual({ client_id: 'public' })
})

test('a credential is created with its fields as they were given, whatever is in them', async () => {
  server.on('POST /v1/credentials', () => ({ status: 201, json: CREDENTIAL }))
  server.on('PUT /v1/credentials/:id/secret', () => ({ json: CREDENTIAL }))
  const fields = { domain: 'a.example', 'odd "name"': '\u0000\u001f"\\/é😀', token: Buffer.from('t\tk') }
  await credence.credentials.create({ providerId: 'prov_1', tags: { some_tag: 'v' }, fields, expiresAt: new Date(0) })
  expect(JSON.parse(String(server.received[0]?.body))).toEqual({
    provider_id: 'prov_1',
    tags: { some_tag: 'v' },
    expires_at: '1970-01-01T00:00:00.000Z',
    fields: { domain: 'a.example', 'odd "name"': '\u0000\u001f"\\/é😀', token: 't\tk' },
  })
  expect(fields.token.toString()).toBe('t\tk')
  await credence.credentials.replaceSecret('cred_1', { fields: {} })
  expect(String(server.received[1]?.body)).toBe('{"fields":{}}')
})

test('consumers, history and catalogue are read with their own names', async () => {
  const consumer = {
    id: 'csmr_1',
    credential_id: 'cred_1',
    kind: 'tool',
    external_ref: 'crm',
    label: '',
    bound_at: '2026-11-21T01:02:03.000Z',
  }
  server.on('POST /v1/credentials/:id/consumers', () => ({ status: 201, json: consumer }))
  server.on('DELETE /v1/consumers/:id', () => ({ status: 204 }))
  server.on('GET /v1/credentials/:id/history', () => ({ json: { entries: [{ id: 'evt_1', action: 'call', upstream_status: 200 }] } }))
  server.on('GET /v1/catalog', () => ({ json: { entries: [{ slug: 'github', display_name: 'GitHub', types: ['OAUTH'] }] } }))
  const bound = await credence.consumers.bind({ credentialId: 'cred_1', kind: 'tool', externalRef: 'crm' })
  expect(bound).toMatchObject({ externalRef: 'crm', boundAt: new Date('2026-11-21T01:02:03Z') })
  expect(await credence.consumers.unbind('csmr_1')).toBeUndefined()
  expect(await collect(credence.history.list('cred_1'))).toEqual([{ id: 'evt_1', action: 'call', upstreamStatus: 200 }])
  expect((await credence.providers.catalog())[0]).toMatchObject({ slug: 'github', displayName: 'GitHub' })
})

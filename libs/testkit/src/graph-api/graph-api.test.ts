import { createHmac } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { TestClock } from '../test-clock.ts'
import { type GraphApi, startGraphApi } from './graph-api.ts'

const REDIRECT = 'https://credence.example/oauth/callback/ocl_x'
const [MARA, IVER] = ['10222270944537964', '10222270944537965']
const NUMBER = '106540352242922'
const PAGE = '204000000000011'

let clock: TestClock
let api: GraphApi
beforeEach(async () => {
  clock = new TestClock()
  api = await startGraphApi({ clock })
  api.allowRedirect(REDIRECT)
})
afterEach(() => api.close())

interface Reply {
  readonly status: number
  readonly json: Record<string, unknown> & { error?: Record<string, unknown> }
  readonly challenge: string | null
}

async function call(path: string, params: Readonly<Record<string, string>> = {}, init: RequestInit = {}): Promise<Reply> {
  const response = await fetch(`${api.url}/v25.0${path}?${new URLSearchParams(params)}`, { ...init, redirect: 'manual' })
  const text = await response.text()
  return { status: response.status, json: JSON.parse(text || '{}'), challenge: response.headers.get('www-authenticate') }
}

const proofOf = (token: string, secret = api.app.appSecret): string => createHmac('sha256', secret).update(token).digest('hex')
const withProof = (token: string): Record<string, string> => ({ access_token: token, appsecret_proof: proofOf(token) })
const client = (): Record<string, string> => ({ client_id: api.app.appId, client_secret: api.app.appSecret })

async function dialogOf(change: Readonly<Record<string, string>> = {}): Promise<{ status: number; location: URL | undefined }> {
  const params = { client_id: api.app.appId, redirect_uri: REDIRECT, config_id: '900100', response_type: 'code', state: 's', ...change }
  const response = await fetch(`${api.url}/v25.0/dialog/oauth?${new URLSearchParams(params)}`, { redirect: 'manual' })
  const location = response.headers.get('location')
  return { status: response.status, location: location === null ? undefined : new URL(location) }
}

async function codeFor(change: Readonly<Record<string, string>> = {}): Promise<string> {
  return (await dialogOf(change)).location?.searchParams.get('code') ?? ''
}

async function lasting(): Promise<string> {
  const short = await call('/oauth/access_token', { ...client(), redirect_uri: REDIRECT, code: await codeFor() })
  const long = await call('/oauth/access_token', {
    ...client(),
    grant_type: 'fb_exchange_token',
    fb_exchange_token: String(short.json.access_token),
  })
  return String(long.json.access_token)
}

describe('the dialog', () => {
  test('sends a code and the state back, with the fragment that Facebook adds', async () => {
    const { status, location } = await dialogOf()
    expect([status, location?.searchParams.get('state'), location?.hash]).toEqual([303, 's', '#_=_'])
  })

  test.each([
    ['client_id', '1'],
    ['redirect_uri', `${REDIRECT}/`],
    ['config_id', ''],
    ['response_type', 'token'],
    ['extras', '{"version":"v9"}'],
    ['extras', 'v4'],
  ])('refuses %s=%j with a page and sends nobody anywhere', async (name, value) => {
    expect(await dialogOf({ [name]: value })).toEqual({ status: 400, location: undefined })
  })

  test('needs override_default_response_type where the configuration gives a system user token', async () => {
    expect((await dialogOf({ config_id: '900200' })).status).toBe(400)
    expect((await dialogOf({ config_id: '900200', override_default_response_type: 'true' })).status).toBe(303)
  })

  test('says a refusal as access_denied with user_denied', async () => {
    const { location } = await dialogOf({ decision: 'cancel' })
    expect([location?.searchParams.get('error'), location?.searchParams.get('error_reason')]).toEqual(['access_denied', 'user_denied'])
  })
})

describe('the token endpoint', () => {
  const redeem = (code: string, change: Readonly<Record<string, string>> = {}): Promise<Reply> =>
    call('/oauth/access_token', { ...client(), redirect_uri: REDIRECT, code, ...change })

  test('redeems a code once, for its address, within its time, and by its verifier', async () => {
    const code = await codeFor()
    expect((await redeem(code, { redirect_uri: 'https://else.example/' })).json.error?.error_subcode).toBe(36008)
    expect((await redeem(code)).json).toMatchObject({ token_type: 'bearer', expires_in: 3600 })
    expect((await redeem(code)).json.error).toMatchObject({
      message: 'This authorization code has been used.',
      code: 100,
      error_subcode: 36009,
    })
    const late = await codeFor()
    await clock.advance(30_001)
    expect((await redeem(late)).json.error).toMatchObject({ code: 100, error_subcode: 36007 })
    expect((await redeem(await codeFor({ code_challenge: 'x' }), { code_verifier: 'y' })).json.error?.code).toBe(100)
  })

  test('refuses another app and a wrong secret', async () => {
    expect((await redeem(await codeFor(), { client_id: '1' })).json.error?.code).toBe(101)
    expect((await redeem(await codeFor(), { client_secret: 'x' })).json.error).toMatchObject({ message: 'Error validating client secret.' })
  })

  test('exchanges for 60 days, as long as the token is in force', async () => {
    const token = await lasting()
    const exchange = (): Promise<Reply> =>
      call('/oauth/access_token', { ...client(), grant_type: 'fb_exchange_token', fb_exchange_token: token })
    const fresh = await exchange()
    expect(fresh.json).toMatchObject({ token_type: 'bearer', expires_in: 5_183_944 })
    expect(fresh.json.access_token).not.toBe(token)
    await clock.advance(5_184_000_000)
    expect((await exchange()).json.error).toMatchObject({ type: 'OAuthException', code: 190, error_subcode: 463 })
  })
})

describe('a call', () => {
  test('needs a token in force and its proof', async () => {
    const token = await lasting()
    expect((await call('/me', withProof(token))).json).toEqual({ id: MARA, name: 'Mara Velt' })
    expect((await call('/me', { access_token: token })).json.error).toMatchObject({ type: 'GraphMethodException', code: 100 })
    const stolen = { access_token: token, appsecret_proof: proofOf(token, 'other') }
    expect((await call('/me', stolen)).json.error?.message).toBe('Invalid appsecret_proof provided in the API argument')
    expect((await call('/me')).json.error?.code).toBe(2500)
    expect((await call('/me', withProof('EAAnobody'))).json.error?.code).toBe(190)
  })

  test.each([
    ['passwordChanged', 460],
    ['appRemoved', 458],
    ['loggedOut', 467],
    ['expired', 463],
  ] as const)('after %s is refused with 190 and %i, and with a challenge', async (why, subcode) => {
    const token = await lasting()
    api.invalidate(MARA, why)
    const { status, json, challenge } = await call('/me', withProof(token))
    expect([status, json.error?.code, json.error?.error_subcode]).toEqual([400, 190, subcode])
    expect(json.error?.fbtrace_id).toMatch(/^A\w{22}$/)
    expect(challenge).toMatch(/^OAuth "Facebook Platform" "invalid_token"/)
    const debug = await call('/debug_token', { access_token: `${api.app.appId}|${api.app.appSecret}`, input_token: token })
    expect(debug.json).toMatchObject({ data: { is_valid: false, error: { code: 190, subcode } } })
  })

  test('debug_token is for the app, and names the ids that each permission was given for', async () => {
    const token = await lasting()
    const authorization = `Bearer ${api.app.appId}|${api.app.appSecret}`
    const { json } = await call('/debug_token', { input_token: token }, { headers: { authorization } })
    expect(json).toMatchObject({ data: { app_id: api.app.appId, type: 'USER', is_valid: true, user_id: MARA } })
    expect(JSON.stringify(json)).toContain('{"scope":"whatsapp_business_management","target_ids":["102289599326934"]}')
    expect((await call('/debug_token', { access_token: 'x', input_token: token })).status).toBe(403)
  })

  test('finds numbers and Pages, page by page, and Page tokens only where they are asked for', async () => {
    const token = await lasting()
    expect((await call('/102289599326934/phone_numbers', withProof(token))).json.data).toHaveLength(2)
    expect((await call('/102289599326935/phone_numbers', withProof(token))).json.error?.error_subcode).toBe(33)
    const fields = 'id,access_token,instagram_business_account{id,username}'
    const first = await call('/me/accounts', { ...withProof(token), fields, limit: '1' })
    expect(first.json).toMatchObject({
      data: [{ id: PAGE, instagram_business_account: { username: 'veltflorist' } }],
      paging: { next: expect.any(String) },
    })
    expect(JSON.stringify((await call('/me/accounts', withProof(token))).json)).not.toContain('EAA')
    api.signIn(IVER)
    expect((await call('/me', withProof(await lasting()))).json.name).toBe('Iver Holm')
  })
})

test('messages go out with the token of their channel alone, and are kept', async () => {
  const token = await lasting()
  const pages = await call('/me/accounts', { ...withProof(token), fields: 'id,access_token' })
  const page = String((pages.json.data as { access_token: string }[])[0]?.access_token)
  const post = (path: string, by: string, body: object): Promise<Reply> =>
    call(path, withProof(by), { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  const whatsapp = { messaging_product: 'whatsapp', to: '+4930111', type: 'text', text: { body: 'hi' } }
  const dm = { recipient: { id: '42' }, message: { text: 'hello' } }
  expect((await post(`/${NUMBER}/messages`, token, whatsapp)).json).toMatchObject({ messaging_product: 'whatsapp' })
  expect((await post(`/${NUMBER}/messages`, page, whatsapp)).status).toBe(400)
  expect((await post(`/${NUMBER}/messages`, token, { to: '1' })).json.error?.code).toBe(100)
  expect((await post(`/${PAGE}/messages`, page, dm)).json).toMatchObject({ recipient_id: '42' })
  expect((await post(`/${PAGE}/messages`, token, dm)).json.error).toMatchObject({ code: 190, error_subcode: 2069032 })
  expect((await post('/17841400000000011/messages', page, dm)).status).toBe(200)
  expect(api.sent.map(({ channel, from, text }) => [channel, from, text])).toEqual([
    ['whatsapp', NUMBER, 'hi'],
    ['messenger', PAGE, 'hello'],
    ['instagram', '17841400000000011', 'hello'],
  ])
})

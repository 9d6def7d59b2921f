import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Browser } from './browser.ts'
import { NARROW_KEY, payload } from './fake-services.ts'
import { Platform } from './platform.ts'

const CANARY = 'canary-4f1c9e77d2'

describe('connecting with a form', () => {
  let platform: Platform
  let bearer: string
  let browser: Browser

  beforeAll(async () => {
    platform = await Platform.start()
    bearer = platform.fakes.addProvider(payload('bearer'))
  })
  afterAll(() => platform.stop())
  beforeEach(() => {
    browser = new Browser(platform.publicUrl)
    platform.fakes.project = { ...platform.fakes.project, confirm: 'host' }
  })

  const host = { confirm: 'host', return_url: 'https://app.example/done' }

  test('[S1-4] the form asks for what the payload says and seals what was typed', async () => {
    const { path } = await platform.session({ provider_id: bearer, ...host })
    const page = await browser.get(path)
    expect(page.text).toContain('Bearer Token')
    expect(page.text).toContain('type="password"')
    const answer = await browser.post(`${path}/secret`, { 'field.token': CANARY })
    expect([answer.status, answer.location]).toEqual([303, path])
    expect(platform.fakes.seals.at(-1)?.secretFields.token?.toString()).toBe(CANARY)
    expect(platform.fakes.connects).toEqual([])
  })

  test('[B-8] nothing is connected before the host confirmed with the code of the return address', async () => {
    const { id, path } = await platform.session({ provider_id: bearer, ...host })
    await browser.post(`${path}/secret`, { 'field.token': CANARY })
    const onward = new URL((await browser.get(`${path}/continue`)).location)
    expect(onward.origin + onward.pathname).toBe('https://app.example/done')
    expect(onward.searchParams.get('credence_session')).toBe(id)
    const code = onward.searchParams.get('credence_code') ?? ''
    const wrong = await platform.api('POST', `/v1/sessions/${id}/complete`, { user: 'id:ann', body: { code: 'guess' } })
    expect([wrong.status, wrong.body.code]).toEqual([400, 'CONFIRMATION_WRONG'])
    const right = await platform.api('POST', `/v1/sessions/${id}/complete`, { user: 'id:ann', body: { code } })
    expect(right.status).toBe(200)
    expect((right.body.session as { state: string }).state).toBe('connected')
    const again = await platform.api('POST', `/v1/sessions/${id}/complete`, { user: 'id:ann', body: { code } })
    expect(again.status).toBe(200)
    expect(platform.fakes.connects).toHaveLength(1)
  })

  test('[S1-2] the person picks one of several patterns, and may go back and pick another', async () => {
    const { path } = await platform.session({ provider_id: platform.fakes.addProvider(TWO_WAYS), confirm: 'code' })
    const choice = await browser.get(path)
    expect(choice.text).toContain('With a token')
    expect(choice.text).toContain('With a key of the whole team')
    await browser.post(`${path}/start`, { pattern: '1' })
    expect((await browser.get(path)).text).toContain('name="field.api_key"')
    expect((await browser.get(`${path}?choose=1`)).text).toContain('With a token')
    await browser.post(`${path}/start`, { pattern: '0' }, { from: `${path}?choose=1` })
    expect((await browser.get(path)).text).toContain('name="field.token"')
    expect(platform.fakes.reserved.slice(-2).map(({ pattern }) => pattern)).toEqual([1, 0])
    await browser.post(`${path}/secret`, { 'field.token': CANARY })
    expect(Object.keys(platform.fakes.seals.at(-1)?.secretFields ?? {})).toEqual(['token'])
  })

  test('[S1-2] a session for one pattern offers that one alone', async () => {
    const { path } = await platform.session({ provider_id: platform.fakes.addProvider(TWO_WAYS), confirm: 'code', pattern: 1 })
    const page = await browser.get(path)
    expect(page.text).toContain('name="field.api_key"')
    expect(page.text).not.toContain('choose=1')
  })

  test('[S0-1] a provider without authentication is connected by a click', async () => {
    const { path } = await platform.session({ provider_id: platform.fakes.addProvider(NO_AUTH), confirm: 'code' })
    await browser.post(`${path}/secret`, {})
    expect((await browser.get(path)).text).toMatch(/\b\d{6}\b/)
    expect(platform.fakes.seals.at(-1)).toMatchObject({ plainFields: {}, secretFields: {} })
  })

  test('[S2-14] a page script may post the same as JSON', async () => {
    const { path } = await platform.session({ provider_id: bearer, confirm: 'code' })
    const csrf = await browser.csrf(path)
    const headers = { 'content-type': 'application/json', cookie: browser.cookie }
    const body = JSON.stringify({ csrf, fields: { token: CANARY } })
    const answer = await fetch(`${platform.publicUrl}${path}/secret`, { method: 'POST', headers, body, redirect: 'manual' })
    expect(answer.status).toBe(303)
    expect(platform.fakes.seals.at(-1)?.secretFields.token?.toString()).toBe(CANARY)
  })

  test('[S2-20] a session for a credential of the project is started by an administrator only', async () => {
    const body = { provider_id: bearer, confirm: 'code', level: 'project' }
    expect((await platform.api('POST', '/v1/sessions', { key: NARROW_KEY, user: 'id:ann', body })).body).toMatchObject({
      code: 'SCOPE_REQUIRED',
    })
    expect((await platform.api('POST', '/v1/sessions', { user: 'id:ann', body })).status).toBe(201)
  })

  test('[S2-14] a form that is far too long is refused without being read', async () => {
    const { path } = await platform.session({ provider_id: bearer, confirm: 'code' })
    const answer = await browser.post(`${path}/secret`, { 'field.token': 'x'.repeat(70_000) })
    expect(answer.status).toBe(413)
    expect(answer.text).toContain('REQUEST_TOO_LARGE')
  })
})

const base = { proxy_url: 'https://api.example.com', proxy_enabled: true, display_name: 'Example' }
const field = (field_name: string) => [{ field_name, label: field_name, input_type: 'password', required: true }]
const TWO_WAYS = Buffer.from(
  JSON.stringify({
    ...base,
    auth_patterns: [
      { type: 'BEARER', display_name: 'With a token', fields: field('token') },
      { type: 'API_KEY', display_name: 'By key', description: 'With a key of the whole team', fields: field('api_key') },
    ],
  }),
)
const NO_AUTH = Buffer.from(JSON.stringify({ ...base, auth_patterns: [{ type: 'NONE' }] }))

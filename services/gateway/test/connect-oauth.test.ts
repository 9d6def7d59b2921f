import { CodedError } from '@credence/errors'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Browser, type Visit } from './browser.ts'
import { payload } from './fake-services.ts'
import { Platform } from './platform.ts'

const CODE = 'canary-code-91b2'

describe('connecting with OAuth', () => {
  let platform: Platform
  let asana: string
  let browser: Browser

  beforeAll(async () => {
    platform = await Platform.start()
    asana = platform.fakes.addProvider(payload('asana'))
  })
  afterAll(() => platform.stop())
  beforeEach(() => {
    browser = new Browser(platform.publicUrl)
    platform.fakes.grantError = undefined
    platform.fakes.clientMissing = false
    platform.fakes.redeemed.length = 0
    platform.fakes.connects.length = 0
  })

  /** A session whose person is at the provider; `state` is what the provider got. */
  async function atProvider(options: object = { confirm: 'code' }): Promise<{ id: string; path: string; state: string; callback: string }> {
    const { id, path } = await platform.session({ provider_id: asana, ...options })
    const away = await browser.post(`${path}/grant`, { scope: [] })
    expect(away.status).toBe(303)
    const authorize = new URL(away.location)
    const callback = new URL(authorize.searchParams.get('redirect_uri') ?? '').pathname
    return { id, path, state: authorize.searchParams.get('state') ?? '', callback }
  }

  async function stateOf(id: string): Promise<unknown> {
    return (await platform.api('GET', `/v1/sessions/${id}`)).body
  }

  async function refused(answer: Visit): Promise<string> {
    expect([answer.status, answer.location]).toEqual([303, '/connect/refused'])
    return (await browser.get('/connect/refused')).text
  }

  test('[S1-7] required scopes are asked for whatever was ticked, and cannot be unticked', async () => {
    const { path } = await platform.session({ provider_id: asana, confirm: 'code' })
    const page = await browser.get(path)
    expect(page.text).toContain('Access user profile information')
    expect(page.text).toMatch(/value="email"[^>]*disabled/)
    const away = await browser.post(`${path}/grant`, {})
    expect(new URL(away.location).searchParams.get('scope')).toBe('profile email')
  })

  test('[S0-5] the code is redeemed once and the callback answers with a clean address', async () => {
    const { id, state, callback } = await atProvider()
    const back = await browser.get(`${callback}?code=${CODE}&state=${state}&iss=https://app.asana.com`)
    expect([back.status, back.location]).toEqual([303, `/connect/${id}`])
    expect(platform.fakes.redeemed).toMatchObject([{ sessionId: id, state, code: CODE, iss: 'https://app.asana.com' }])
    const end = await browser.get(back.location)
    const digits = /\b(\d{6})\b/.exec(end.text)?.[1] ?? ''
    expect(end.text).toContain('ann@asana.example')
    expect(platform.fakes.connects).toHaveLength(0)
    const done = await platform.api('POST', `/v1/sessions/${id}/complete`, {
      user: 'id:ann',
      body: { code: `${digits.slice(0, 3)} ${digits.slice(3)}` },
    })
    expect(done.status).toBe(200)
    expect(platform.fakes.connects).toHaveLength(1)
  })

  test('[T13] a replayed, forged, missing or doubled state redeems nothing', async () => {
    const { id, state, callback } = await atProvider()
    await browser.get(`${callback}?code=${CODE}&state=${state}`)
    const bad = [`state=${state}`, `state=${'x'.repeat(43)}`, '', `state=${state}&state=${state}`, 'state=']
    for (const query of bad) expect(await refused(await browser.get(`${callback}?code=other&${query}`))).toContain('STATE_REFUSED')
    expect(platform.fakes.redeemed).toHaveLength(1)
    expect(await stateOf(id)).toMatchObject({ state: 'unconfirmed' })
  })

  test('[T13] a state that is older than the session redeems nothing', async () => {
    const { state, callback } = await atProvider()
    await platform.clock.advance(31 * 60_000)
    expect(await refused(await browser.get(`${callback}?code=${CODE}&state=${state}`))).toContain('STATE_REFUSED')
    expect(platform.fakes.redeemed).toHaveLength(0)
  })

  test('[T14] a callback that reaches another browser ends the session without redeeming', async () => {
    const cookieless = new Browser(platform.publicUrl)
    const other = new Browser(platform.publicUrl)
    await other.get((await platform.session({ provider_id: asana, confirm: 'code' })).path)
    expect(other.cookie).not.toBe('')
    for (const stranger of [cookieless, other]) {
      const { id, state, callback } = await atProvider()
      const answer = await stranger.get(`${callback}?code=${CODE}&state=${state}`)
      expect([answer.status, answer.location]).toEqual([303, '/connect/refused'])
      expect(await stateOf(id)).toMatchObject({ state: 'failed', code: 'STATE_REFUSED' })
    }
    expect(platform.fakes.redeemed).toHaveLength(0)
  })

  test("[T15] the answer at another client's redirect address ends the session without redeeming", async () => {
    const { id, state } = await atProvider()
    await browser.get(`/oauth/callback/ocl_${'d'.repeat(26)}?code=${CODE}&state=${state}`)
    expect(platform.fakes.redeemed).toHaveLength(0)
    expect(await stateOf(id)).toMatchObject({ state: 'failed', code: 'STATE_REFUSED' })
  })

  test('[T16] a wrong or doubled issuer ends the session', async () => {
    const doubled = await atProvider()
    await browser.get(`${doubled.callback}?code=${CODE}&state=${doubled.state}&iss=https://a.example&iss=https://b.example`)
    expect(platform.fakes.redeemed).toHaveLength(0)
    expect(await stateOf(doubled.id)).toMatchObject({ state: 'failed', code: 'ISSUER_MISMATCH' })
    platform.fakes.grantError = new CodedError('ISSUER_MISMATCH')
    const wrong = await atProvider()
    await browser.get(`${wrong.callback}?code=${CODE}&state=${wrong.state}&iss=https://evil.example`)
    expect(await stateOf(wrong.id)).toMatchObject({ state: 'failed', code: 'ISSUER_MISMATCH' })
  })

  test('[S2-7] two callbacks at the same time redeem one code', async () => {
    const { state, callback } = await atProvider()
    const answers = await Promise.all([1, 2, 3].map(() => browser.get(`${callback}?code=${CODE}&state=${state}`)))
    expect(answers.every(({ status }) => status === 303)).toBe(true)
    expect(platform.fakes.redeemed).toHaveLength(1)
  })

  test('[S2-7] [S0-12] a person who denies sees why, and the session has failed for good', async () => {
    const { id, state, callback } = await atProvider()
    const back = await browser.get(`${callback}?error=access_denied&state=${state}`)
    expect((await browser.get(back.location)).text).toContain('was not allowed')
    expect(platform.fakes.redeemed).toHaveLength(0)
    expect(platform.fakes.refused).toContain('access_denied')
    expect(await stateOf(id)).toMatchObject({ state: 'failed', code: 'GRANT_DENIED' })
    const told = () => platform.facts.filter(({ type, subject }) => type === 'session.failed' && subject === id)
    await expect.poll(told).toMatchObject([{ data: { reason: 'GRANT_DENIED' } }])
  })

  test('[S1-7] a missing scope brings the person back to the page with a sentence, and nothing is stored', async () => {
    platform.fakes.grantError = new CodedError('SCOPE_MISSING', 'Not granted: Email.')
    const { id, path, state, callback } = await atProvider()
    await browser.get(`${callback}?code=${CODE}&state=${state}`)
    expect((await browser.get(path)).text).toContain('Not granted: Email.')
    expect(await stateOf(id)).toMatchObject({ state: 'open' })
  })

  test('[S1-13] without a client the person reads a plain sentence', async () => {
    platform.fakes.clientMissing = true
    const { path } = await platform.session({ provider_id: asana, confirm: 'code' })
    const page = await browser.post(`${path}/grant`, {})
    expect(page.status).toBe(409)
    expect(page.text).toContain('administrator')
  })

  test('[S2-7] a second start makes the state of the first window worthless', async () => {
    const first = await atProvider()
    const away = await browser.post(`${first.path}/grant`, {}, { from: `${first.path}?again=1` })
    const state = new URL(away.location).searchParams.get('state') ?? ''
    await refused(await browser.get(`${first.callback}?code=${CODE}&state=${first.state}`))
    expect((await browser.get(`${first.callback}?code=${CODE}&state=${state}`)).location).toBe(`/connect/${first.id}`)
  })

  test('[T20] neither code nor state reaches a log line or a page', async () => {
    const { path, state, callback } = await atProvider()
    await browser.get(`${callback}?code=${CODE}&state=${state}`)
    const page = await browser.get(path)
    for (const sink of [platform.lines.join(''), page.text]) {
      expect(sink).not.toContain(CODE)
      expect(sink).not.toContain(state)
    }
    expect(platform.lines.some((line) => line.includes('/oauth/callback/:client'))).toBe(true)
  })

  test('[S2-7] the page left behind learns by state and by stream that the sign-in is over', async () => {
    const { path, state, callback } = await atProvider()
    const before = JSON.parse((await browser.get(`${path}/state`)).text)
    expect(before).toMatchObject({ state: 'at_provider', ended: false, url: path })
    const stream = await fetch(`${platform.publicUrl}${path}/state`, { headers: { accept: 'text/event-stream', cookie: browser.cookie } })
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader()
    expect((await reader?.read())?.value).toContain('at_provider')
    await browser.get(`${callback}?error=access_denied&state=${state}`)
    expect((await reader?.read())?.value).toContain('"state":"failed"')
    const stranger = await new Browser(platform.publicUrl).get(`${path}/state`)
    expect([stranger.status, JSON.parse(stranger.text).code]).toEqual([403, 'SESSION_REFUSED'])
  })
})

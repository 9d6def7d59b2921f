import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ConnectSession } from '../src/connect/session.ts'
import { SESSION_COLLECTION } from '../src/connect/session-store.ts'
import { Browser } from './browser.ts'
import { payload } from './fake-services.ts'
import { Platform } from './platform.ts'

const CANARY = 'canary-7d20fa61'

describe('the browser that a session belongs to', () => {
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
    platform.fakes.seals.length = 0
    platform.fakes.connects.length = 0
    platform.fakes.destroyed.length = 0
  })

  const code = { confirm: 'code' }

  /** A session that stands at its end page in `browser`, with the digits shown there. */
  async function atEnd(): Promise<{ id: string; path: string; digits: string }> {
    const { id, path } = await platform.session({ provider_id: bearer, ...code })
    await browser.post(`${path}/secret`, { 'field.token': CANARY })
    const digits = /\b(\d{6})\b/.exec((await browser.get(path)).text)?.[1] ?? ''
    expect(digits).toHaveLength(6)
    return { id, path, digits }
  }

  const complete = (id: string, body: object, user = 'id:ann') => platform.api('POST', `/v1/sessions/${id}/complete`, { user, body })

  test('[T14] a link that is only looked at binds nobody', async () => {
    const { path } = await platform.session({ provider_id: bearer, ...code })
    await new Browser(platform.publicUrl).get(path)
    expect((await browser.post(`${path}/secret`, { 'field.token': CANARY })).status).toBe(303)
  })

  test('[T14] in a second browser nothing happens and nothing is told', async () => {
    const { path } = await atEnd()
    const second = new Browser(platform.publicUrl)
    const page = await second.get(path)
    expect(page.status).toBe(403)
    expect(page.text).toContain('Nothing happens')
    expect(page.text).not.toMatch(/Bearer|Acme|\b\d{6}\b/)
    const csrf = await browser.csrf(path)
    expect((await second.post(`${path}/secret`, { 'field.token': 'other' }, { csrf })).status).toBe(403)
    expect(platform.fakes.seals).toHaveLength(1)
  })

  test('[T14] a form that another page made up is refused', async () => {
    const { path } = await platform.session({ provider_id: bearer, ...code })
    await browser.get(path)
    for (const csrf of ['', 'x'.repeat(43)]) {
      expect((await browser.post(`${path}/secret`, { 'field.token': CANARY }, { csrf })).status).toBe(403)
    }
    const foreign = { headers: { 'sec-fetch-site': 'cross-site' } }
    expect((await browser.post(`${path}/secret`, { 'field.token': CANARY }, foreign)).status).toBe(403)
    expect(platform.fakes.seals).toHaveLength(0)
  })

  test('[B-8] the wrong user is refused with the right digits', async () => {
    const { id, digits } = await atEnd()
    const answer = await complete(id, { code: digits, user: 'id:mallory' }, 'id:ann')
    expect(answer.body.code).toBe('CONFIRMATION_WRONG')
    expect(platform.fakes.connects).toHaveLength(0)
  })

  test('[B-8] three wrong tries end the session and destroy what was sealed', async () => {
    const { id, digits } = await atEnd()
    const wrong = digits === '000000' ? '111111' : '000000'
    for (const left of ['2', '1', '0']) {
      const answer = await complete(id, { code: wrong })
      expect(answer.body).toMatchObject({ code: 'CONFIRMATION_WRONG', facts: { tries_left: left } })
    }
    expect((await complete(id, { code: digits })).body.code).toBe('SESSION_EXPIRED')
    expect(platform.fakes.destroyed).toHaveLength(1)
    expect(platform.fakes.connects).toHaveLength(0)
  })

  test('[B-8] a hundred guesses at the same time are three tries', async () => {
    const { id, digits } = await atEnd()
    const guesses = Array.from({ length: 100 }, (_, i) => String((Number(digits) + 1 + i) % 1_000_000).padStart(6, '0'))
    await Promise.all(guesses.map((guess) => complete(id, { code: guess })))
    expect((await complete(id, { code: digits })).status).not.toBe(200)
    expect(platform.fakes.connects).toHaveLength(0)
  })

  test.each([
    ['its id', (id: string, digits: string) => complete(id, { code: digits })],
    [
      'the digits alone',
      (_: string, digits: string) => platform.api('POST', '/v1/sessions/complete', { body: { code: digits, user: 'id:ann' } }),
    ],
  ])('[B-8] after the third wrong try nothing is compared, also where who counted it has not ended the session, by %s', async (_, send) => {
    const { id, digits } = await atEnd()
    const sessions = await platform.store.collection<ConnectSession>(SESSION_COLLECTION)
    const { confirmation, ...session } = (await sessions.get(id))!
    await sessions.replace({ ...session, confirmation: { ...confirmation!, tries: 3 } }, session.rev)
    expect((await send(id, digits)).body).toMatchObject({ code: 'CONFIRMATION_WRONG', facts: { tries_left: '0' } })
    expect((await sessions.get(id))?.state).toBe('failed')
    expect(platform.fakes.destroyed).toHaveLength(1)
    expect(platform.fakes.connects).toHaveLength(0)
  })

  test('[B-8] digits can come back in a chat that did not start the session', async () => {
    const { id, digits } = await atEnd()
    const answer = await platform.api('POST', '/v1/sessions/complete', { body: { code: digits, user: 'id:ann' } })
    expect(answer.body).toMatchObject({ session: { id, state: 'connected' } })
  })

  test('[B-8] a session without confirmation needs the consent of the project', async () => {
    const refused = await platform.api('POST', '/v1/sessions', { user: 'id:ann', body: { provider_id: bearer, confirm: 'none' } })
    expect(refused.body).toMatchObject({ code: 'INVALID_REQUEST', errors: [{ pointer: '/confirm' }] })
    platform.fakes.project = { ...platform.fakes.project, confirm: 'none' }
    const { path } = await platform.session({ provider_id: bearer })
    await browser.post(`${path}/secret`, { 'field.token': CANARY })
    platform.fakes.project = { ...platform.fakes.project, confirm: 'host' }
    expect(platform.fakes.connects).toHaveLength(1)
    expect((await browser.get(path)).text).toContain('is connected')
  })

  test('[T14] a session that is over destroys its candidate and shows no digits', async () => {
    const { id, path, digits } = await atEnd()
    await platform.clock.advance(30 * 60_000 + 1)
    expect((await browser.get(path)).text).not.toContain(digits)
    expect((await complete(id, { code: digits })).body.code).toBe('SESSION_EXPIRED')
    const candidate = platform.fakes.candidates.at(-1)
    await expect
      .poll(async () => {
        await platform.clock.advance(15_000)
        return platform.fakes.destroyed
      })
      .toContain(candidate)
    expect(platform.fakes.connects).toHaveLength(0)
  })

  test('[T19] a return address must be on the list letter by letter', async () => {
    const listed = 'https://app.example/done'
    const bypasses = [
      'https://app.example/done/',
      'https://app.example/done?x=1',
      'https://app.example/done#',
      'https://APP.example/done',
      'http://app.example/done',
      'https://app.example:443/done',
      'https://app.example/done%20',
      'https://app.example//done',
      'https://app.example/./done',
      'https://app.example/a/../done',
      'https://user@app.example/done',
      'https://app.example@evil.example/done',
      'https://app.example.evil.example/done',
      'https://evil.example/?https://app.example/done',
      'https://app.example\\@evil.example/done',
      '//app.example/done',
      '/done',
      'done',
      'javascript:alert(1)',
      'data:text/html,x',
      'https:app.example/done',
      ' https://app.example/done',
      'https://app.example/done ',
      'https://app.example/done\n',
      'https://app.example/Done',
      'https://app.example/don',
      'https://app.example/donee',
    ]
    const tricks = [
      '%2e%2e',
      '%2f',
      '%5c',
      '\\t',
      '\\r',
      '\\0',
      '@evil.example',
      '#x',
      '?',
      ';x',
      '/..',
      '//',
      '%00',
      '.evil.example',
      ':80',
      '\\u3002',
      '&x=1',
    ]
    bypasses.push(...tricks.map((trick) => `${listed}${trick}`), ...tricks.map((trick) => `https://${trick}app.example/done`))
    expect(bypasses.length).toBeGreaterThanOrEqual(60)
    for (const return_url of bypasses) {
      const answer = await platform.api('POST', '/v1/sessions', {
        user: 'id:ann',
        body: { provider_id: bearer, confirm: 'host', return_url },
      })
      expect([return_url, answer.status]).toEqual([return_url, 400])
    }
    expect((await platform.session({ provider_id: bearer, confirm: 'host', return_url: listed })).id).toMatch(/^sess_/)
  })

  test('[B-8] every fault of a session request is told at once', async () => {
    const body = { provider_id: bearer, confirm: 'none', return_url: 'https://evil.example', pattern: 7, scopes: ['nope'] }
    const answer = await platform.api('POST', '/v1/sessions', { user: 'id:ann', body })
    const pointers = (answer.body.errors as { pointer: string }[]).map(({ pointer }) => pointer)
    expect(pointers).toEqual(['/confirm', '/return_url', '/pattern', '/scopes/0'])
  })

  test('[B-8] a repeated create answers the same session, and another body is a conflict', async () => {
    const headers = { 'idempotency-key': 'one' }
    const body = { provider_id: bearer, ...code }
    const [first, second] = [
      await platform.api('POST', '/v1/sessions', { user: 'id:ann', body, headers }),
      await platform.api('POST', '/v1/sessions', { user: 'id:ann', body, headers }),
    ]
    expect((second.body.session as { id: string }).id).toBe((first.body.session as { id: string }).id)
    for (const answer of [first, second]) expect((await browser.get(new URL(String(answer.body.link)).pathname)).status).toBe(200)
    const other = await platform.api('POST', '/v1/sessions', { user: 'id:ann', body: { ...body, label: 'x' }, headers })
    expect(other.body.code).toBe('IDEMPOTENCY_CONFLICT')
  })

  test('[S2-20] a session is not there for another key that acts for another user', async () => {
    const { id } = await platform.session({ provider_id: bearer, ...code })
    const caller = await platform.caller('id:bob')
    await expect(caller.getSession({ sessionId: id })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('[B-8] waiting answers when the person has ended the session', async () => {
    const { id, path, digits } = await atEnd()
    const waiting = platform.api('GET', `/v1/sessions/${id}/wait?timeout_ms=60000`)
    await complete(id, { code: digits })
    expect((await waiting).body).toMatchObject({ id, state: 'connected' })
    expect(path).toContain('/connect/')
  })

  test('[B-8] cancelling destroys the candidate and says so', async () => {
    const { id, path } = await atEnd()
    expect((await platform.api('POST', `/v1/sessions/${id}/cancel`)).body).toMatchObject({ state: 'cancelled' })
    expect(platform.fakes.destroyed).toHaveLength(1)
    expect((await browser.get(path)).text).toContain('Cancelled')
  })
})

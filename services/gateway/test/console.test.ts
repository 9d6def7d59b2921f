import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Browser } from './browser.ts'
import { payload } from './fake-services.ts'
import { Platform } from './platform.ts'

describe('the console', () => {
  let platform: Platform
  let bearer: string
  /** Two listeners, one cookie jar: cookies know hosts, not ports. */
  let browser: Browser

  beforeAll(async () => {
    platform = await Platform.start()
    bearer = platform.fakes.addProvider(payload('bearer'))
  })
  afterAll(() => platform.stop())
  beforeEach(() => {
    browser = new Browser(platform.publicUrl)
    platform.fakes.project = { ...platform.fakes.project, confirm: 'host', reconnectUrl: '' }
    platform.fakes.connects.length = 0
    platform.fakes.destroyed.length = 0
  })

  const at = (location: string): string =>
    location.replace('http://localhost:7400', platform.publicUrl).replace('http://localhost:7401', platform.adminUrl)

  async function signIn(user: string): Promise<void> {
    const link = await platform.gateway.makeSignInLink({ user })
    const answer = await browser.get(at(link))
    expect([answer.status, answer.location]).toEqual([303, '/console'])
  }

  /** Follows redirects over both listeners until a page comes. */
  async function walk(path: string): Promise<{ text: string; status: number; url: string }> {
    let url = path
    for (let steps = 0; steps < 10; steps++) {
      const answer = await browser.get(at(url))
      if (answer.status !== 303) return { text: answer.text, status: answer.status, url }
      url = new URL(answer.location, new URL(at(url), platform.publicUrl)).href
    }
    throw new TypeError('redirects without end')
  }

  async function credentialOf(user: string): Promise<string> {
    const made = await platform.api('POST', '/v1/credentials', { user, body: { provider_id: bearer, fields: { token: 'x' } } })
    return String(made.body.id)
  }

  test('[B-8] the address of the listener alone leads to the console', async () => {
    const answer = await browser.get(`${platform.adminUrl}/`)
    expect([answer.status, answer.location]).toEqual([303, '/console'])
  })

  test('[B-8] a sign-in link works once', async () => {
    const link = await platform.gateway.makeSignInLink({ user: 'id:ann' })
    expect((await browser.get(at(link))).status).toBe(303)
    expect((await browser.get(at(link))).status).toBe(403)
    await platform.clock.advance(1)
    const late = await platform.gateway.makeSignInLink()
    await platform.clock.advance(15 * 60_000)
    expect((await browser.get(at(late))).status).toBe(403)
  })

  test('[B-8] only a link that the operator made for an administrator makes one of whoever opens it', async () => {
    const mayShare = async (role: 'member' | 'admin' | undefined): Promise<boolean> => {
      const link = await platform.gateway.makeSignInLink({ user: 'id:ann', ...(role === undefined ? {} : { role }) })
      expect((await browser.get(at(link))).status).toBe(303)
      return (await browser.get(`${platform.adminUrl}/console/setups/new`)).text.includes('name="shared"')
    }
    expect([await mayShare('admin'), await mayShare('member'), await mayShare(undefined)]).toEqual([true, false, false])
  })

  test('[S2-14] a form of setups that holds what looks like a secret starts nothing and does not show it', async () => {
    await signIn('id:ann')
    const canary = 'canary-form-5d1f07c2ab93'
    const from = `${platform.adminUrl}/console/setups/new`
    const answer = await browser.post(`${platform.adminUrl}/console/setups`, { services: `Acme\ntoken: ${canary}`, once: 'x' }, { from })
    expect(answer.status).toBe(422)
    expect(answer.text).toContain('Line 2 looks like a secret')
    expect(answer.text).toContain('Acme')
    expect(answer.text).not.toContain(canary)
    expect((await browser.post(`${platform.adminUrl}/console/setups`, { services: 'Acme' }, { csrf: 'x' })).status).toBe(403)
  })

  test('[S2-9] my credentials show what is mine and what to do, and act by a form of this page only', async () => {
    const [mine, other] = [await credentialOf('id:ann'), await credentialOf('id:bob')]
    expect((await browser.get(`${platform.adminUrl}/console`)).status).toBe(401)
    await signIn('id:ann')
    const page = await browser.get(`${platform.adminUrl}/console`)
    expect(page.text).toContain(`/console/reconnect/${mine}`)
    expect(page.text).not.toContain(other)
    const action = `${platform.adminUrl}/console/credentials/${mine}/disable`
    expect((await browser.post(action, {}, { csrf: 'x' })).status).toBe(403)
    const done = await browser.post(action, {}, { from: `${platform.adminUrl}/console` })
    expect([done.status, done.location]).toEqual([303, '/console?notice=disable'])
    expect(platform.fakes.credentials.get(mine)?.status).toBe('disabled')
  })

  test('[B-8] login: the person must be signed in as the session’s user, at the start and at the end', async () => {
    const { id, path } = await platform.session({ provider_id: bearer, confirm: 'login' })
    const start = await browser.get(path)
    expect(start.text).not.toContain('Bearer Token')
    const link = /href="(\/connect\/[^"]+sign-in[^"]+)"/.exec(start.text)?.[1] ?? ''
    expect((await walk(link)).status).toBe(401)
    const csrf = new URL(link, platform.publicUrl).searchParams.get('csrf') ?? ''
    expect((await browser.post(`${path}/secret`, { 'field.token': 'canary' }, { csrf })).status).toBe(403)
    await signIn('id:ann')
    const form = await walk(link)
    expect(form.text).toContain('Bearer Token')
    await browser.post(`/connect/${id}/secret`, { 'field.token': 'canary' })
    expect(platform.fakes.connects).toHaveLength(0)
    expect((await walk(`/connect/${id}`)).text).toContain('is connected')
    expect(platform.fakes.connects).toHaveLength(1)
  })

  test('[T14] login: somebody else who is signed in ends the session, and nothing stays', async () => {
    const { id, path } = await platform.session({ provider_id: bearer, confirm: 'login' })
    await signIn('id:ann')
    await walk(/href="(\/connect\/[^"]+sign-in[^"]+)"/.exec((await browser.get(path)).text)?.[1] ?? '')
    await browser.post(`/connect/${id}/secret`, { 'field.token': 'canary' })
    await signIn('id:mallory')
    expect((await walk(`/connect/${id}`)).text).toContain('somebody else')
    expect(platform.fakes.destroyed).toEqual([platform.fakes.candidates.at(-1)])
    expect(platform.fakes.connects).toHaveLength(0)
  })

  test('[T14] a ticket for one browser is worth nothing in another', async () => {
    const { path } = await platform.session({ provider_id: bearer, confirm: 'login' })
    await signIn('id:ann')
    const link = /href="(\/connect\/[^"]+sign-in[^"]+)"/.exec((await browser.get(path)).text)?.[1] ?? ''
    const away = await browser.get(link)
    const back = await browser.get(at(away.location))
    const thief = new Browser(platform.publicUrl)
    await thief.get(path)
    expect((await thief.get(at(back.location))).status).toBe(403)
    expect((await browser.get(at(back.location))).status).toBe(403)
  })

  test('[S2-9] the lasting address leads where the project proves people', async () => {
    const id = await credentialOf('id:ann')
    expect((await browser.get(`/r/${id}`)).text).toContain('Acme')
    platform.fakes.project = { ...platform.fakes.project, reconnectUrl: 'https://app.example/again?from=mail' }
    expect((await browser.get(`/r/${id}`)).location).toBe(`https://app.example/again?from=mail&credential_id=${id}`)
    platform.fakes.project = { ...platform.fakes.project, confirm: 'login' }
    expect((await browser.get(`/r/${id}`)).location).toBe(`http://localhost:7401/console/reconnect/${id}`)
  })

  test('[S2-9] the lasting address with code tells nothing, and its digits come back from the owner’s chat', async () => {
    const id = await credentialOf('id:ann')
    platform.fakes.project = { ...platform.fakes.project, confirm: 'code' }
    const page = await browser.get(`/r/${id}`)
    expect(page.text).not.toMatch(/Mine|ann@asana|My Bearer/)
    const started = await browser.post(`/r/${id}/start`, {}, { from: `/r/${id}` })
    expect(started.status).toBe(303)
    await browser.post(`${started.location}/secret`, { 'field.token': 'new' })
    const digits = /\b(\d{6})\b/.exec((await browser.get(started.location)).text)?.[1] ?? ''
    const answer = await platform.api('POST', '/v1/sessions/complete', { user: 'id:ann', body: { code: digits } })
    expect((answer.body.credential as { id: string }).id).toBe(id)
  })

  test('[S2-9] the address of a credential that never was and of one that is gone say the same', async () => {
    const gone = await credentialOf('id:ann')
    platform.fakes.credentials.delete(gone)
    const pages = await Promise.all([gone, `cred_${'0'.repeat(26)}`, 'x'].map((id) => browser.get(`/r/${id}`)))
    expect(new Set(pages.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
    expect(pages[0]?.status).toBe(404)
  })

  test('[T19] the way on after a sign-in never leaves the console', async () => {
    const next = [
      'https://evil.example',
      '//evil.example',
      '/\\evil.example',
      '/console//evil',
      '/console@evil',
      '/sign-out',
      'javascript:alert(1)',
      '/console/../x%2f',
      '/v1/keys',
    ]
    for (const one of next) {
      const link = await platform.gateway.makeSignInLink({ user: 'id:ann' })
      expect([one, (await browser.get(`${at(link)}?next=${encodeURIComponent(one)}`)).location]).toEqual([one, '/console'])
    }
  })
})

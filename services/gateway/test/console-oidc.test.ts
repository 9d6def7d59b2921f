import { parseEgressSettings } from '@credence/egress'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Browser } from './browser.ts'
import { type FakeIssuer, startFakeIssuer } from './fake-issuer.ts'
import { PROJECT } from './fake-services.ts'
import { Platform } from './platform.ts'

describe('signing in at an issuer', () => {
  let platform: Platform
  let issuer: FakeIssuer
  let browser: Browser

  beforeAll(async () => {
    issuer = await startFakeIssuer()
    platform = await Platform.start({ egress: parseEgressSettings({ allow: `127.0.0.1:${issuer.port}` }) })
    platform.fakes.project = { ...platform.fakes.project, consoleIssuer: { issuer: issuer.url, clientId: 'console' } }
  })
  afterAll(async () => {
    await platform.stop()
    await issuer.close()
  })
  beforeEach(() => {
    browser = new Browser(platform.adminUrl)
    Object.assign(issuer, { claims: { sub: 'ann' }, wrong: {} })
  })

  /** The address at the issuer that the sign-in page leads to. */
  async function away(next = '/console'): Promise<URL> {
    const page = await browser.get(`/sign-in?next=${encodeURIComponent(next)}`)
    const href = (/href="(\/sign-in\/oidc[^"]+)"/.exec(page.text)?.[1] ?? '').replaceAll('&amp;', '&')
    return new URL((await browser.get(href)).location)
  }

  test('[B-8] a person comes back signed in, under a verified address only', async () => {
    issuer.claims = { sub: 'ann', email: 'Ann@Example.com', email_verified: false }
    const authorize = await away('/console?after=x')
    expect(Object.fromEntries(authorize.searchParams)).toMatchObject({
      code_challenge_method: 'S256',
      client_id: 'console',
      redirect_uri: 'http://localhost:7401/sign-in/callback',
    })
    const back = await browser.get(`/sign-in/callback?${issuer.signIn(authorize)}`)
    expect([back.status, back.location]).toEqual([303, '/console?after=x'])
    expect((await browser.get('/console')).status).toBe(200)
    expect(platform.fakes.users.has('id:ann')).toBe(true)
    issuer.claims = { sub: 'ann', email: 'Ann@Example.com', email_verified: true }
    await browser.get(`/sign-in/callback?${issuer.signIn(await away())}`)
    expect(platform.fakes.signedIn.at(-1)).toEqual(['id:ann', 'email:Ann@Example.com'])
  })

  test('[T13] an answer with a foreign, spent or missing state is not redeemed', async () => {
    const answer = issuer.signIn(await away())
    const before = issuer.tokenCalls()
    const thief = new Browser(platform.adminUrl)
    await thief.get(`/sign-in/oidc?project=${PROJECT}`)
    expect(thief.cookie).not.toBe('')
    for (const [who, query] of [
      [thief, answer],
      [browser, answer],
      [browser, new URLSearchParams({ code: 'x' })],
    ] as const) {
      expect((await who.get(`/sign-in/callback?${query}`)).status).toBe(403)
    }
    expect(issuer.tokenCalls()).toBe(before)
    expect((await browser.get('/console')).status).toBe(401)
  })

  test('[T16] an ID token for another, from another, or for another sign-in signs nobody in', async () => {
    for (const wrong of [{ aud: 'other' }, { iss: 'https://evil.example' }, { nonce: 'other' }, { exp: 1 }, { sub: undefined }]) {
      issuer.wrong = wrong
      const answer = await browser.get(`/sign-in/callback?${issuer.signIn(await away())}`)
      expect([wrong, answer.status]).toEqual([wrong, 502])
      expect((await browser.get('/console')).status).toBe(401)
    }
    issuer.wrong = {}
    const mixedUp = issuer.signIn(await away())
    mixedUp.set('iss', 'https://evil.example')
    const before = issuer.tokenCalls()
    expect((await browser.get(`/sign-in/callback?${mixedUp}`)).status).toBe(502)
    expect(issuer.tokenCalls()).toBe(before)
  })

  test('[T22] an issuer at an address that the operator did not list is not called', async () => {
    const listed = platform.fakes.project
    platform.fakes.project = { ...listed, consoleIssuer: { issuer: 'http://127.0.0.1:9', clientId: 'console' } }
    const page = await browser.get(`/sign-in/oidc?project=${PROJECT}`)
    platform.fakes.project = listed
    expect([page.status, page.text.includes('ADDRESS_REFUSED')]).toEqual([403, true])
  })
})

import { createServer } from 'node:http'
import { type FakeAuthorizationServer, startFakeAuthorizationServer, startProcess } from '@credence/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectNowhere, VERIFY } from '../../support/exchanges.ts'
import type { Page } from '../../support/person.ts'
import { atReturn, confirmAt, factOf, provide, RETURN_URL, refusalOf, type Scene, settle, startScene } from '../../support/scene.ts'

const ISSUER = 'https://devices.example'
const SECRET = 'canary-device-client-secret-71'
/** Of the form that error codes have. */
const ECHOED = 'canary-of-words'
let as: FakeAuthorizationServer
let scene: Scene
let providerId = ''

beforeAll(async () => {
  const clients = [{ clientId: 'tv', clientSecret: SECRET, redirectUris: [] }]
  as = await startFakeAuthorizationServer({ issuer: ISSUER, serverClass: 'static', clients, device: { intervalS: 1, lifeS: 600 } })
  const echo = createServer((_request, response) => void response.writeHead(400).end(JSON.stringify({ error: ECHOED })))
  scene = await startScene({ sites: { 'devices.example': as.server, 'echo.example': echo } })
  scene.api.accept(({ token }) => token !== undefined && as.accountOf(token) !== undefined)
  await scene.credence.project.update({ confirm: 'none' })
  providerId = await newProvider()
}, 120_000)
afterAll(async () => {
  await scene.close()
  await as.close()
})

async function newProvider(): Promise<string> {
  const config = {
    grant_type: 'device_code',
    device_authorization_uri: `${ISSUER}/device_authorization`,
    token_uri: `${ISSUER}/token`,
    available_scopes: [{ scope: 'read', required: true }, { scope: 'write' }],
  }
  const { id } = await provide(scene, { type: 'OAUTH', oauth_config: config, refresh: { class: 'static' } }, VERIFY)
  await scene.credence.clients.put(id, { clientId: 'tv', clientSecret: SECRET })
  return id
}

async function begun(): Promise<{ id: string; userCode: string }> {
  const { session } = await scene.ann.sessions.create({ providerId, confirm: 'none' })
  const { device, state } = await scene.ann.sessions.startDevice(session.id, { scopes: ['write'] })
  expect([state, device?.verificationUri]).toEqual(['at_provider', `${ISSUER}/device`])
  return { id: session.id, userCode: device?.userCode ?? '' }
}

const isPoll = ({ grantType }: { readonly grantType?: string }): boolean => grantType?.endsWith(':device_code') === true
const codeOn = (page: Page): string => /data-code="([^"]+)"/.exec(page.text)?.[1] ?? ''

describe('a sign-in on another device', () => {
  test('[B-14] says which code to enter where, and is connected when the person has allowed it', async () => {
    const { id, userCode } = await begun()
    expect(userCode).toMatch(/^[A-Z0-9]{4}-[A-Z0-9]{4}$/)
    as.decideDevice(userCode, 'approved')
    const session = await scene.ann.sessions.wait(id, { timeoutMs: 30_000 })
    expect(session.state).toBe('connected')
    expect(session.device).toBeUndefined()
    const credentialId = session.credentialId ?? ''
    expect((await scene.ann.fetch(credentialId, '/echo')).status).toBe(200)
    expect(await scene.ann.credentials.get(credentialId)).toMatchObject({ family: 'oauth2', scopes: ['read', 'write'] })
  })

  test('[B-14] [S2-7] is a grant like any other: refreshed by its refresh token at a 401', async () => {
    const { id, userCode } = await begun()
    as.decideDevice(userCode, 'approved')
    as.behave({ expiresInS: 4, times: 1 })
    const { credentialId = '' } = await scene.ann.sessions.wait(id, { timeoutMs: 30_000 })
    await factOf(scene, 'credential.refreshed', credentialId)
    expect((await scene.ann.fetch(credentialId, '/echo')).status).toBe(200)
    expect(as.ledger().some(({ grantType }) => grantType === 'refresh_token')).toBe(true)
  })

  test('[B-14] is asked about at the pace of the server, however many wait for it', async () => {
    const { id, userCode } = await begun()
    const [before, began] = [as.ledger().length, Date.now()]
    const waits = Array.from({ length: 6 }, () => scene.ann.sessions.wait(id, { timeoutMs: 3_500 }))
    await Promise.all(waits)
    const polls = as.ledger().slice(before).filter(isPoll)
    expect(polls.length).toBeGreaterThan(0)
    expect(polls.length).toBeLessThanOrEqual(1 + (Date.now() - began) / 1000)
    expect(polls.map(({ error }) => error)).toEqual(polls.map(() => 'authorization_pending'))
    as.decideDevice(userCode, 'approved')
    expect((await scene.ann.sessions.wait(id, { timeoutMs: 30_000 })).state).toBe('connected')
  })

  test('[B-14] that is denied, or told to slow down, ends as the server says', async () => {
    const denied = await begun()
    as.decideDevice(denied.userCode, 'denied')
    expect(await scene.ann.sessions.wait(denied.id, { timeoutMs: 30_000 })).toMatchObject({ state: 'failed', code: 'GRANT_DENIED' })
    const slow = await begun()
    as.behave({ answer: 'oauth_error', error: 'slow_down', times: 1 })
    const before = as.ledger().length
    await scene.ann.sessions.wait(slow.id, { timeoutMs: 4_000 })
    expect(as.ledger().slice(before).filter(isPoll).length).toBe(1)
    await scene.ann.sessions.cancel(slow.id)
    const late = await begun()
    as.behave({ answer: 'oauth_error', error: 'expired_token', times: 1 })
    expect(await scene.ann.sessions.wait(late.id, { timeoutMs: 30_000 })).toMatchObject({ state: 'failed', code: 'SESSION_EXPIRED' })
  }, 90_000)

  test('[B-14] goes on past a server that is sick or busy, in whatever words it says so', async () => {
    for (const [status, error] of [
      [503, 'temporarily_unavailable'],
      [500, 'server_error'],
      [429, 'rate_limited'],
    ] as const) {
      const { id, userCode } = await begun()
      as.decideDevice(userCode, 'approved')
      as.behave({ answer: 'oauth_error', error, status, times: 1 })
      expect((await scene.ann.sessions.wait(id, { timeoutMs: 30_000 })).state, error).toBe('connected')
    }
  }, 90_000)

  test('[B-14] [B-1] an error that is the client’s own secret is not repeated', async () => {
    const config = { grant_type: 'device_code', device_authorization_uri: 'https://echo.example/d', token_uri: 'https://echo.example/t' }
    const { id } = await provide(scene, { type: 'OAUTH', oauth_config: config, refresh: { class: 'static' } }, VERIFY)
    await scene.credence.clients.put(id, { clientId: 'tv', clientSecret: ECHOED })
    const { session } = await scene.ann.sessions.create({ providerId: id, confirm: 'none' })
    const refused = await refusalOf(scene.ann.sessions.startDevice(session.id, {}))
    expect([refused.code, refused.facts.provider_error]).toEqual(['TOKEN_ENDPOINT_REFUSED', 'other'])
  })

  test('[B-14] shows its code on the page, which goes on by itself to the confirmation', async () => {
    const { session, link } = await scene.ann.sessions.create({ providerId, confirm: 'host', returnUrl: RETURN_URL })
    const consent = await scene.person.open(link)
    const page = await scene.person.submit(consent, { scope: ['write'] }, { action: /\/grant$/, stopAt: atReturn })
    const code = codeOn(page)
    expect(page.text).toContain(`${ISSUER}/device`)
    expect((await scene.ann.sessions.get(session.id)).device?.userCode).toBe(code)
    as.decideDevice(code, 'approved')
    let end = page
    await expect
      .poll(
        async () => {
          end = await settle(scene, await scene.person.open(page.url.href, atReturn))
          return atReturn(end.url)
        },
        { timeout: 30_000, interval: 500 },
      )
      .toBe(true)
    const id = await confirmAt(scene, session.id, end)
    expect((await scene.ann.fetch(id, '/echo')).status).toBe(200)
  }, 90_000)

  test('[B-14] begins without a page only where no confirmation is asked for, and only for such a provider', async () => {
    const { session } = await scene.ann.sessions.create({ providerId, confirm: 'host', returnUrl: RETURN_URL })
    expect((await refusalOf(scene.ann.sessions.startDevice(session.id))).code).toBe('SESSION_REFUSED')
    const other = await provide(scene, { type: 'BEARER', fields: [{ field_name: 'token' }] })
    const { session: form } = await scene.ann.sessions.create({ providerId: other.id, confirm: 'none' })
    expect((await refusalOf(scene.ann.sessions.startDevice(form.id))).code).toBe('INVALID_REQUEST')
  })

  test('[B-14] of the command line prints the code and waits', async () => {
    const main = new URL('../../../libs/cli/src/main.ts', import.meta.url).pathname
    const args = [main, 'connect', providerId, '--confirm', 'none', '--no-open', '--timeout', '60', '--user', 'id:ann', '-o', 'json']
    const env = { CREDENCE_API_URL: scene.platform.admin, CREDENCE_KEY: scene.key }
    const cli = await startProcess(args, { env })
    const { device } = cli.ready as { device: { user_code: string } }
    expect(device, cli.stderr()).toBeDefined()
    as.decideDevice(device.user_code, 'approved')
    await cli.exited
    expect(cli.stdout()).toContain('"status":"active"')
  }, 90_000)

  test('[S1-9] [B-14] says in its payload what it lacks', async () => {
    const faults = async (config: object): Promise<string[]> =>
      (await refusalOf(provide(scene, { type: 'OAUTH', oauth_config: { token_uri: `${ISSUER}/token`, ...config } }))).errors.map(
        ({ pointer, code }) => `${pointer.replace('/auth_patterns/0/oauth_config/', '')} ${code}`,
      )
    expect(await faults({ grant_type: 'device_code', authorize_uri: `${ISSUER}/a` })).toEqual([
      'authorize_uri NOT_ALLOWED',
      'device_authorization_uri MISSING',
    ])
    expect(await faults({ authorize_uri: `${ISSUER}/a`, device_authorization_uri: `${ISSUER}/d` })).toEqual([
      'device_authorization_uri NOT_ALLOWED',
    ])
  })
})

test('[B-14] [B-1] no client secret and no token of such a sign-in is found anywhere but where it belongs', async () => {
  const tokens = Object.fromEntries(as.tokens().map((token, i) => [`token ${i}`, token]))
  expect(as.tokens().length).toBeGreaterThan(5)
  await expectNowhere(scene, { secret: SECRET, echoed: ECHOED, ...tokens })
})

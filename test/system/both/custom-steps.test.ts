import { createServer, type Server } from 'node:http'
import { type SessionApi, startSessionApi } from '@credence/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectNowhere, TWO_STEPS, untilPlanned, VERIFY } from '../../support/exchanges.ts'
import { atReturn, confirmAt, factOf, provide, RETURN_URL, refusalOf, type Scene, settle, startScene } from '../../support/scene.ts'

const PASSWORD = 'canary-"pass\\word&<>-91-ä'
const FIELDS = { username: 'ann', password: PASSWORD }
let login: SessionApi
let scene: Scene
const answers: string[] = []

beforeAll(async () => {
  login = await startSessionApi({ username: 'ann', password: PASSWORD })
  scene = await startScene({ sites: { 'login.steps.example': login.server, 'rogue.steps.example': startRogue() } })
  scene.api.accept(({ token }) => token !== undefined && login.knows(token))
}, 120_000)
afterAll(async () => {
  await scene.close()
  await login.close()
})

/** Cuts the connection, answers more than anybody reads, or with a value that climbs out of a path. */
function startRogue(): Server {
  return createServer((request, response) => {
    response.on('error', () => undefined)
    if (request.url === '/cut') request.socket.destroy()
    else if (request.url === '/accepted') response.writeHead(202).end('{"token":"accepted-1","life":3600}')
    else response.writeHead(200).end(request.url === '/huge' ? Buffer.alloc(50 * 1024 * 1024, 'a') : '{"dots":".."}')
  })
}

async function connected(pattern: object = TWO_STEPS, fields: Readonly<Record<string, string>> = FIELDS): Promise<string> {
  const provider = await provide(scene, pattern, VERIFY)
  return (await scene.ann.credentials.create({ providerId: provider.id, fields })).id
}

async function statusOf(id: string): Promise<number> {
  const response = await scene.ann.fetch(id, '/echo')
  answers.push(await response.text())
  return response.status
}

/** The steps with members of one of them replaced. */
function stepsWith(index: number, members: object): object {
  return { ...TWO_STEPS, steps: TWO_STEPS.steps.map((step, i) => (i === index ? { ...step, ...members } : step)) }
}

describe('an exchange of several calls', () => {
  test('[S0-10] [S1-12] takes a value from one answer into the next call, and what it obtains goes out on each request', async () => {
    const id = await connected()
    const [session, token] = login.calls.slice(-2)
    expect(JSON.parse(session?.body ?? '')).toEqual({ user: 'ann', password: PASSWORD })
    expect(token).toMatchObject({ call: 'token', status: 201, body: `ticket=${session?.issued}` })
    expect(await statusOf(id)).toBe(200)
    expect(scene.api.requests.at(-1)?.headers.authorization).toBe(`Bearer ${token?.issued}`)
    expect(await scene.ann.credentials.get(id)).toMatchObject({ status: 'active', family: 'custom', expiresAt: expect.any(Date) })
  })

  test('[S0-10] is connected on a form, and a wrong password is said there with the sentence of the provider', async () => {
    const provider = await provide(scene, TWO_STEPS, VERIFY)
    const { session, link } = await scene.ann.sessions.create({ providerId: provider.id, returnUrl: RETURN_URL })
    const page = await scene.person.open(link)
    const form = { action: /\/secret$/, stopAt: atReturn }
    const refused = await scene.person.submit(page, { 'field.username': 'ann', 'field.password': 'wrong' }, form)
    const shown = await settle(scene, refused)
    expect(shown.text).toContain('The user name or the password is wrong.')
    answers.push(shown.text)
    const end = await settle(scene, await scene.person.submit(shown, { 'field.username': 'ann', 'field.password': PASSWORD }, form))
    expect(await statusOf(await confirmAt(scene, session.id, end))).toBe(200)
  })

  test('[S0-10] is renewed ahead of its end, and the fresh value goes out', async () => {
    login.expiresIn(6)
    const before = login.calls.length
    const id = await connected()
    const first = login.calls.slice(before).find(({ call }) => call === 'token')?.issued
    expect(first).toBeDefined()
    login.expiresIn(3600)
    await factOf(scene, 'credential.refreshed', id)
    expect(await statusOf(id)).toBe(200)
    expect(scene.api.requests.at(-1)?.headers.authorization).not.toBe(`Bearer ${first}`)
  })

  test('[S0-10] is carried out anew at a 401, once for many callers, and the call is repeated with the fresh value', async () => {
    const id = await connected()
    login.endAll()
    const before = login.calls.length
    const statuses = await Promise.all(Array.from({ length: 8 }, () => statusOf(id)))
    expect(statuses).toEqual(Array.from({ length: 8 }, () => 200))
    expect(login.calls.slice(before).map(({ call }) => call)).toEqual(['session', 'token'])
  })

  test('[S0-10] [S2-8] ends in expired with a reconnect link when the provider refuses the values for good, and a new sign-in heals it', async () => {
    const id = await connected()
    await untilPlanned(scene.ann, id)
    login.setPassword('changed-at-the-provider-17')
    login.endAll()
    expect(await statusOf(id)).toBe(401)
    const expired = await factOf(scene, 'credential.expired', id)
    expect(expired.data).toMatchObject({ reason: 'refresh_refused', upstream_error: 'step_refused' })
    const refused = await refusalOf(scene.ann.credentials.verify(id))
    expect(refused.code).toBe('CREDENTIAL_EXPIRED')
    expect(refused.reconnectUrl).toContain(id)
    await scene.ann.credentials.replaceSecret(id, { fields: { username: 'ann', password: 'changed-at-the-provider-17' } })
    expect(await statusOf(id)).toBe(200)
    login.setPassword(PASSWORD)
  })

  test('[S0-10] is kept alive through an outage of the sign-in, which says nothing of the values', async () => {
    const id = await connected()
    await untilPlanned(scene.ann, id)
    login.answer(503)
    login.endAll()
    expect(await statusOf(id)).toBe(401)
    await factOf(scene, 'credential.refresh_failed', id)
    expect(await scene.ann.credentials.get(id)).toMatchObject({ status: 'active' })
    login.answer(undefined)
    await expect.poll(() => statusOf(id), { timeout: 30_000 }).toBe(200)
  }, 90_000)

  test('[S0-10] that is refused stores nothing, and says which step it was', async () => {
    const provider = await provide(scene, TWO_STEPS, VERIFY)
    const create = (): Promise<unknown> => scene.ann.credentials.create({ providerId: provider.id, fields: FIELDS })
    const wrong = await refusalOf(scene.ann.credentials.create({ providerId: provider.id, fields: { ...FIELDS, password: 'wrong' } }))
    expect(wrong.message).toBe('EXCHANGE_REFUSED: The user name or the password is wrong.')
    login.answer(418)
    expect(await refusalOf(create())).toMatchObject({ code: 'TOKEN_ENDPOINT_REFUSED', message: expect.stringContaining('Step `sign_in`') })
    login.answer(429, '7')
    expect(await refusalOf(create())).toMatchObject({ code: 'THROTTLED', retryAfterMs: 7000 })
    login.answer(204)
    expect(await refusalOf(create())).toMatchObject({ code: 'TOKEN_ANSWER_UNUSABLE', message: expect.stringContaining('`ticket`') })
    login.answer(undefined)
    const list: unknown[] = []
    for await (const credential of scene.ann.credentials.list({ providerId: provider.id })) list.push(credential)
    expect(list).toEqual([])
  })

  test('[S0-10] names the step whose answer did not come, or cannot be used, and why', async () => {
    const second = (path: string): object =>
      stepsWith(1, { request: { url: `https://rogue.steps.example/${path}`, form: { ticket: '{{ticket}}' } } })
    const refused = async (pattern: object) => refusalOf(connected(pattern))
    expect(await refused(second('cut'))).toMatchObject({
      code: 'UPSTREAM_UNREACHABLE',
      message: expect.stringContaining('Step `token` got no answer'),
      facts: { step: 'token' },
    })
    expect(await refused(second('huge'))).toMatchObject({
      code: 'UPSTREAM_BOMB',
      message: expect.stringContaining('Step `token` answered more'),
      facts: { step: 'token' },
    })
    const dots = {
      ...TWO_STEPS.steps[0],
      request: { url: 'https://rogue.steps.example/dots' },
      on: {},
      extract: { ticket: '/dots', account: '/dots', csrf: '/dots' },
    }
    expect(await refused({ ...TWO_STEPS, steps: [dots, TWO_STEPS.steps[1]] })).toMatchObject({
      code: 'TOKEN_ANSWER_UNUSABLE',
      message: expect.stringContaining('Step `token` needs a value'),
    })
  })

  test('[S0-10] [S2-9] of a disabled credential sends nothing, and the call after it is enabled works', async () => {
    const id = await connected()
    await scene.ann.credentials.disable(id)
    login.endAll()
    const before = login.calls.length
    expect((await refusalOf(scene.ann.credentials.verify(id))).code).toBe('CREDENTIAL_DISABLED')
    expect(login.calls.length).toBe(before)
    await scene.ann.credentials.enable(id)
    expect(await statusOf(id)).toBe(200)
  })

  test('[S0-10] goes where a status leads: on, or past what is not needed', async () => {
    const stepped = {
      ...TWO_STEPS,
      fields: TWO_STEPS.fields,
      steps: [
        { ...TWO_STEPS.steps[0], expect: [202], on: { '2xx': { forward: 'token', extract: TWO_STEPS.steps[0]?.extract } } },
        { name: 'confirm', request: { url: 'https://login.steps.example/confirm', form: { ticket: '{{ticket}}' } } },
        TWO_STEPS.steps[1],
      ],
    }
    const before = login.calls.length
    expect(await statusOf(await connected(stepped))).toBe(200)
    expect(login.calls.slice(before).map(({ call }) => call)).toEqual(['session', 'token'])
  })

  test('[S0-10] knows the end of what it obtained also where another status brought it', async () => {
    const step = {
      name: 'only',
      request: { url: 'https://rogue.steps.example/accepted' },
      expect: [200],
      on: { 202: { forward: 'end', extract: { access_token: '/token' } } },
      extract: { access_token: '/token' },
      expires_in: '/life',
    }
    const provider = await provide(scene, { ...TWO_STEPS, steps: [step] })
    const { expiresAt } = await scene.ann.credentials.create({ providerId: provider.id, fields: FIELDS })
    expect(expiresAt).toBeInstanceOf(Date)
  })

  test('[S0-10] [B-4] is masked where the API says the obtained value back', async () => {
    const id = await connected()
    const text = await (await scene.ann.fetch(id, '/echo')).text()
    for (const token of login.given) expect(text).not.toContain(token)
    expect(text).toContain('authorization')
  })
})

describe('bad steps', () => {
  const saved = (pattern: object): Promise<unknown> => provide(scene, pattern, VERIFY)
  const faultsOf = async (pattern: object): Promise<string[]> => {
    const { errors } = await refusalOf(saved(pattern))
    return errors.map(({ pointer, code, detail }) => `${pointer} ${code} ${detail}`)
  }

  test('[S0-10] [S1-9] that loop are refused at save, with the place', async () => {
    for (const to of ['sign_in', 'token']) {
      const [fault = ''] = await faultsOf(stepsWith(1, { on: { 409: { forward: to } } }))
      expect(fault).toMatch(/^\/auth_patterns\/0\/steps\/1\/on\/409\/forward LOOP /)
    }
  })

  test('[S0-10] [S1-9] that name a field nobody fills are refused with the nearest that somebody does', async () => {
    const wrong = stepsWith(0, { request: { url: 'https://login.steps.example/session', json: { user: '{{usrname}}' } } })
    expect((await faultsOf(wrong))[0]).toMatch(
      /^\/auth_patterns\/0\/steps\/0\/request\/json\/user UNDECLARED_FIELD Write `\{\{username\}\}`/,
    )
  })

  test('[S0-10] [B-6] that lead to a private address are refused where the socket would be opened, and nothing is stored', async () => {
    const before = login.calls.length
    for (const host of ['10.0.0.7', '127.0.0.1', 'localhost']) {
      const pattern = stepsWith(1, { request: { url: `https://${host}/x`, form: { ticket: '{{ticket}}' } } })
      const provider = await provide(scene, pattern, VERIFY)
      const refused = await refusalOf(scene.ann.credentials.create({ providerId: provider.id, fields: FIELDS }))
      expect(refused.code, host).toBe('ADDRESS_REFUSED')
    }
    expect(login.calls.slice(before).map(({ call }) => call)).toEqual(['session', 'session', 'session'])
    const metadata = stepsWith(1, { request: { url: 'https://169.254.169.254/x' } })
    expect((await faultsOf(metadata))[0]).toMatch(/^\/auth_patterns\/0\/steps\/1\/request\/url INVALID_URL /)
  })

  test('[S0-10] more than ten are refused', async () => {
    const steps = Array.from({ length: 11 }, (_, i) => ({ ...TWO_STEPS.steps[0], name: `s${i}` }))
    expect((await faultsOf({ ...TWO_STEPS, steps })).some((fault) => fault.startsWith('/auth_patterns/0/steps TOO_LONG'))).toBe(true)
  })
})

test('[S0-10] [B-1] no value of a form, no ticket and no token of an exchange is found anywhere but where it belongs', async () => {
  const secrets = Object.fromEntries(login.given.map((token, i) => [`given ${i}`, token]))
  expect(login.given.length).toBeGreaterThan(20)
  await expectNowhere(scene, { password: PASSWORD, ...secrets }, answers)
})

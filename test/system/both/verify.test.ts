import { createServer } from 'node:http'
import type { Credential } from '@credence/sdk'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Page } from '../../support/person.ts'
import { atReturn, confirmAt, factOf, fields, provide, RETURN_URL, refusalOf, type Scene, settle, startScene } from '../../support/scene.ts'

const GOOD = 'canary-verify-good-41d7'
const WRONG = 'canary-verify-typo-41d7'
const OTHER = 'canary-verify-other-90aa'
const PROBE = '/me'

let scene: Scene
let providerId = ''
/** What the provider says: to its own safe call, and to everything else. */
let api: { probe: number | undefined; calls: number | undefined }
const seen: string[] = []
const ACCOUNTS: Readonly<Record<string, { readonly id: number; readonly name: string }>> = {
  [GOOD]: { id: 7, name: 'Ann Example' },
  [OTHER]: { id: 8, name: 'Bob Example' },
}

const site = createServer((request, response) => {
  const path = (request.url ?? '').split('?')[0] ?? ''
  seen.push(`${request.method} ${path}`)
  const account = ACCOUNTS[request.headers.authorization?.replace('Bearer ', '') ?? '']
  const forced = path === PROBE ? api.probe : api.calls
  const status = forced ?? (account === undefined ? 401 : 200)
  response.writeHead(status, { 'content-type': 'application/json', ...(status === 429 ? { 'retry-after': '30' } : {}) })
  response.end(JSON.stringify(status === 200 ? account : { error: 'no' }))
})
const probes = (): number => seen.filter((line) => line.endsWith(PROBE)).length

beforeAll(async () => {
  scene = await startScene({ sites: { 'own.wire.example': site } })
  const verify = { path: PROBE, account_id: '/id', account_name: '/name' }
  const members = { proxy_url: 'https://own.wire.example', verify }
  const pattern = { type: 'BEARER', fields: fields('token*'), account_fields: fields('note') }
  providerId = (await provide(scene, pattern, members)).id
}, 120_000)
afterAll(() => scene.close())
beforeEach(() => {
  api = { probe: undefined, calls: undefined }
  seen.length = 0
})

const create = (token: string, more: { allowUnverified?: boolean; expiresAt?: Date } = {}): Promise<Credential> =>
  scene.ann.credentials.create({ providerId, fields: { token }, ...more })
async function stored(): Promise<string[]> {
  const ids: string[] = []
  for await (const { id } of scene.ann.credentials.list()) ids.push(id)
  return ids.sort()
}
/** A minute after a credential was kept unverified the platform asks by itself: in the midst of another test, were it still there. */
async function forget(id: string): Promise<void> {
  await scene.ann.credentials.delete(id)
}
/** Told facts: one of connecting, and one of each verify after it. */
const verifiedTimes = (id: string): number =>
  scene.events.filter((event) => event.subject === id && event.type.endsWith('credential.verified')).length
const statusOf = async (id: string): Promise<string> => (await scene.ann.credentials.get(id)).status

describe('connecting', () => {
  test.each([
    ['401', 401, 'key_wrong'],
    ['403', 403, 'scope_missing'],
    ['404', 404, 'host_wrong'],
    ['400', 400, 'unexpected_answer'],
  ])(
    '[S2-15] [B-2] a key that the safe call answers with %s is refused with its cause, and nothing is stored',
    async (_name, status, cause) => {
      api.probe = status
      const before = await stored()
      const error = await refusalOf(create(WRONG))
      expect([error.code, error.facts.cause, error.facts.upstream_status]).toEqual(['VERIFY_FAILED', cause, String(status)])
      expect(JSON.stringify(error)).not.toContain(WRONG)
      expect(seen).toEqual([`GET ${PROBE}`])
      expect(await stored()).toEqual(before)
    },
  )

  test('[S2-15] [B-2] a right key makes one call in all, which also says whose account it is', async () => {
    const credential = await create(GOOD)
    expect(seen).toEqual([`GET ${PROBE}`])
    expect(credential).toMatchObject({ status: 'active', account: { id: '7', name: 'Ann Example' } })
    expect(credential.health).not.toBe('unverified')
    expect(credential.lastVerifiedAt).toBeDefined()
  })

  test('[S2-15] on the page a typo leads back to the form: plain fields kept, the secret empty, and corrected it connects', async () => {
    const { session, link } = await scene.ann.sessions.create({ providerId, returnUrl: RETURN_URL })
    const send = (page: Page, token: string): Promise<Page> =>
      scene.person.submit(page, { 'field.token': token, 'field.note': 'kept note' }, { action: /\/secret$/, stopAt: atReturn })
    const failed = await settle(scene, await send(await scene.person.open(link), WRONG))
    expect(failed.text).toContain('did not accept these values')
    expect(failed.text).toContain('kept note')
    expect(failed.text).not.toContain(WRONG)
    expect(await stored()).not.toContain((await scene.ann.sessions.get(session.id)).credentialId ?? 'none')
    const id = await confirmAt(scene, session.id, await settle(scene, await send(failed, GOOD)))
    expect((await scene.ann.fetch(id, '/x')).status).toBe(200)
    expect(probes()).toBe(2)
  })
})

describe('replacing', () => {
  test('[S2-15] a wrong secret leaves the old one in force', async () => {
    const { id } = await create(GOOD)
    const error = await refusalOf(scene.ann.credentials.replaceSecret(id, { fields: { token: WRONG } }))
    expect([error.code, error.facts.cause]).toEqual(['VERIFY_FAILED', 'key_wrong'])
    expect((await scene.ann.fetch(id, '/x')).status).toBe(200)
    expect(await statusOf(id)).toBe('active')
  })

  test('[S2-15] [S2-9] a secret of another account is asked about, and taken when that is confirmed', async () => {
    const { id } = await create(GOOD)
    const error = await refusalOf(scene.ann.credentials.replaceSecret(id, { fields: { token: OTHER } }))
    expect(error.code).toBe('ACCOUNT_MISMATCH')
    expect(await (await scene.ann.fetch(id, '/x')).json()).toEqual(ACCOUNTS[GOOD])
    const taken = await scene.ann.credentials.replaceSecret(id, { fields: { token: OTHER }, confirmAccountChange: true })
    expect([taken.id, taken.account?.name]).toEqual([id, 'Bob Example'])
    expect(await (await scene.ann.fetch(id, '/x')).json()).toEqual(ACCOUNTS[OTHER])
  })

  test('[S2-15] while the provider is down the old secret stays in force, unless the new one may be unverified', async () => {
    const { id } = await create(GOOD)
    api.probe = 503
    expect((await refusalOf(scene.ann.credentials.replaceSecret(id, { fields: { token: OTHER } }))).code).toBe('UPSTREAM_UNREACHABLE')
    expect(await (await scene.ann.fetch(id, '/x')).json()).toEqual(ACCOUNTS[GOOD])
    const kept = await scene.ann.credentials.replaceSecret(id, { fields: { token: OTHER }, allowUnverified: true })
    expect([kept.status, kept.health]).toEqual(['active', 'unverified'])
    expect(await (await scene.ann.fetch(id, '/x')).json()).toEqual(ACCOUNTS[OTHER])
    await forget(id)
  })
})

describe('a provider that is down', () => {
  test.each([
    ['503', 503, 'UPSTREAM_UNREACHABLE'],
    ['429', 429, 'THROTTLED'],
  ])('[S2-15] %s is not a typo: refused as undecided, or kept as unverified and proven later', async (_name, status, code) => {
    api.probe = status
    const before = await stored()
    expect((await refusalOf(create(GOOD))).code).toBe(code)
    expect(await stored()).toEqual(before)
    const kept = await create(GOOD, { allowUnverified: true })
    expect([kept.status, kept.health]).toEqual(['active', 'unverified'])
    expect((await scene.ann.fetch(kept.id, '/x')).status).toBe(200)
    expect(await scene.ann.credentials.verify(kept.id)).toMatchObject({ verdict: 'undecided' })
    expect(await scene.ann.credentials.get(kept.id)).toMatchObject({ status: 'active', health: 'unverified' })
    api.probe = undefined
    expect(await scene.ann.credentials.verify(kept.id)).toMatchObject({ verdict: 'ok' })
    await expect.poll(async () => (await scene.ann.credentials.get(kept.id)).health ?? 'ok').toBe('ok')
  })

  test('[S2-15] but a wrong key is not kept, whatever the caller allows', async () => {
    expect((await refusalOf(create(WRONG, { allowUnverified: true }))).code).toBe('VERIFY_FAILED')
  })

  test('[S2-15] on the page the person may keep what he typed, and it is marked as unverified', async () => {
    api.probe = 503
    const { session, link } = await scene.ann.sessions.create({ providerId, returnUrl: RETURN_URL })
    const form = await scene.person.open(link)
    const asked = await settle(scene, await scene.person.submit(form, { 'field.token': GOOD }, { action: /\/secret$/, stopAt: atReturn }))
    expect(asked.text).toContain('Keep it unverified')
    const id = await confirmAt(scene, session.id, await settle(scene, await answer(asked, 'yes')))
    expect(await scene.ann.credentials.get(id)).toMatchObject({ status: 'active', health: 'unverified' })
    await forget(id)
  })
})

/** Presses the button of a question that stands for this answer. */
async function answer(page: Page, word: 'yes' | 'no'): Promise<Page> {
  const form = page.forms.find(({ action, hidden }) => action.endsWith('/answer') && hidden.answer === word)
  if (form === undefined) throw new TypeError(`nobody asks on ${page.url.pathname}: ${page.text.slice(0, 600)}`)
  return scene.person.submit({ ...page, forms: [form] }, {}, { stopAt: atReturn })
}

describe('verify on demand', () => {
  test('[S2-15] [B-2] makes one call, says who the account is, and is written down', async () => {
    const { id, lastVerifiedAt } = await create(GOOD)
    seen.length = 0
    const verdict = await scene.ann.credentials.verify(id)
    expect(verdict).toMatchObject({ verdict: 'ok', upstreamStatus: 200, account: { id: '7', name: 'Ann Example' } })
    expect(seen).toEqual([`GET ${PROBE}`])
    await expect.poll(() => verifiedTimes(id)).toBe(2)
    const later = async (): Promise<number> => (await scene.ann.credentials.get(id)).lastVerifiedAt?.getTime() ?? 0
    await expect.poll(later).toBeGreaterThan(lastVerifiedAt?.getTime() ?? 0)
  })

  test('[S2-15] of a provider without a safe call says so, and calls nothing', async () => {
    const mute = await provide(scene, { type: 'BEARER', fields: fields('token*') }, { proxy_url: 'https://own.wire.example' })
    const { id } = await scene.ann.credentials.create({ providerId: mute.id, fields: { token: GOOD } })
    expect(await scene.ann.credentials.verify(id)).toMatchObject({ verdict: 'no_probe' })
    expect(seen).toEqual([])
  })

  test('[S2-20] is for those who may see the credential', async () => {
    const { id } = await create(GOOD)
    expect((await refusalOf(scene.credence.forUser('id:bob').credentials.verify(id))).code).toBe('NOT_FOUND')
  })
})

describe('a static credential that ends', () => {
  test('[S2-21] [S2-9] a 401 on a call is confirmed by one verify, then it is expired, with a fact and a link in every refusal', async () => {
    const { id } = await create(GOOD)
    seen.length = 0
    Object.assign(api, { probe: 401, calls: 401 })
    expect((await scene.ann.fetch(id, '/x')).status).toBe(401)
    const expired = await factOf(scene, 'credential.expired', id)
    expect(JSON.stringify(expired.data)).toContain(`/r/${id}`)
    expect(probes()).toBe(1)
    const before = seen.length
    const error = await refusalOf(scene.ann.fetch(id, '/x'))
    expect([error.code, error.status, error.reconnectUrl]).toEqual(['CREDENTIAL_EXPIRED', 409, `${scene.platform.public}/r/${id}`])
    expect(seen.length).toBe(before)
    const shown = await scene.ann.credentials.get(id)
    expect(shown).toMatchObject({ status: 'expired', reconnectUrl: `${scene.platform.public}/r/${id}` })
    expect(shown.reason ?? '').not.toBe('')
  })

  test('[S2-21] [S2-9] the same id works again after its secret was replaced', async () => {
    const { id } = await create(GOOD)
    Object.assign(api, { probe: 401, calls: 401 })
    await (await scene.ann.fetch(id, '/x')).text()
    await factOf(scene, 'credential.expired', id)
    api = { probe: undefined, calls: undefined }
    const again = await scene.ann.credentials.replaceSecret(id, { fields: { token: GOOD } })
    expect([again.id, again.status]).toEqual([id, 'active'])
    expect((await scene.ann.fetch(id, '/x')).status).toBe(200)
  })

  test('[S2-21] a 401 that the verify does not confirm changes nothing, and costs one call however often it comes', async () => {
    const { id } = await create(GOOD)
    seen.length = 0
    api.calls = 401
    await Promise.all(Array.from({ length: 5 }, () => scene.ann.fetch(id, '/x').then((response) => response.text())))
    await expect.poll(() => verifiedTimes(id)).toBe(2)
    expect([probes(), await statusOf(id)]).toEqual([1, 'active'])
  })

  test('[S2-21] a 403 never ends it, and asks nobody', async () => {
    const { id } = await create(GOOD)
    seen.length = 0
    Object.assign(api, { probe: 403, calls: 403 })
    expect((await scene.ann.fetch(id, '/x')).status).toBe(403)
    expect(await scene.ann.credentials.verify(id)).toMatchObject({ verdict: 'failed', cause: 'scope_missing' })
    expect([probes(), await statusOf(id)]).toEqual([1, 'active'])
    api = { probe: undefined, calls: undefined }
    expect((await scene.ann.fetch(id, '/x')).status).toBe(200)
  })

  test('[S2-21] past its stated end it is expired, and not before', async () => {
    const ending = await create(GOOD, { expiresAt: new Date(Date.now() + 4000) })
    expect(ending.expiresAt).toBeDefined()
    const far = await create(GOOD, { expiresAt: new Date(Date.now() + 86_400_000) })
    await factOf(scene, 'credential.expired', ending.id)
    expect((await refusalOf(scene.ann.fetch(ending.id, '/x'))).code).toBe('CREDENTIAL_EXPIRED')
    expect(await statusOf(ending.id)).toBe('expired')
    expect((await scene.ann.fetch(far.id, '/x')).status).toBe(200)
  })

  test('[S2-21] a secret that states an end in the past is refused, and replaces nothing', async () => {
    const expiresAt = new Date(Date.now() - 1000)
    const before = await stored()
    const error = await refusalOf(create(GOOD, { expiresAt }))
    expect([error.code, error.errors[0]?.pointer]).toEqual(['INVALID_REQUEST', '/expires_at'])
    expect([await stored(), seen]).toEqual([before, []])
    const { id } = await create(GOOD)
    expect((await refusalOf(scene.ann.credentials.replaceSecret(id, { fields: { token: GOOD }, expiresAt }))).code).toBe('INVALID_REQUEST')
    expect((await scene.ann.fetch(id, '/x')).status).toBe(200)
  })
})

describe('another account of a sign-in', () => {
  const signIn = async (order: { providerId: string } | { credentialId: string }, at: (page: Page) => Promise<Page>) => {
    const { session, link } = await scene.ann.sessions.create({ ...order, returnUrl: RETURN_URL })
    const consent = await scene.person.open(link)
    return {
      session,
      page: await at(await settle(scene, await scene.person.submit(consent, {}, { action: /\/grant$/, stopAt: atReturn }))),
    }
  }
  const through = async (page: Page): Promise<Page> => page

  test('[S2-9] [B-2] is asked about on the page: no signs in again, yes takes it, and the id stays', async () => {
    const provider = await provide(
      scene,
      {
        type: 'OAUTH',
        oauth_config: {
          authorize_uri: 'https://login.wire.example/authorize',
          token_uri: 'https://login.wire.example/token',
          user_info_uri: 'https://login.wire.example/userinfo',
        },
      },
      { proxy_url: 'https://own.wire.example' },
    )
    const { clientId, clientSecret } = scene.login.client
    scene.login.allowRedirect((await scene.credence.clients.put(provider.id, { clientId, clientSecret })).redirectUri)
    const first = await signIn({ providerId: provider.id }, through)
    const id = await confirmAt(scene, first.session.id, first.page)
    const ann = (await scene.ann.credentials.get(id)).account
    expect(ann?.id).toBe('ann')

    scene.login.signIn({ sub: 'bob', name: 'Bob Example', email: 'bob@example.com' })
    const second = await signIn({ credentialId: id }, through)
    expect(second.page.text).toContain('Another account?')
    expect(second.page.text).toContain('bob@example.com')
    expect((await scene.ann.credentials.get(id)).account).toEqual(ann)
    const again = await settle(scene, await answer(second.page, 'no'))
    expect(again.forms.some((form) => form.action.endsWith('/grant'))).toBe(true)
    expect((await scene.ann.credentials.get(id)).account).toEqual(ann)

    const asked = await settle(scene, await scene.person.submit(again, {}, { action: /\/grant$/, stopAt: atReturn }))
    const taken = await confirmAt(scene, second.session.id, await settle(scene, await answer(asked, 'yes')))
    expect(taken).toBe(id)
    expect((await scene.ann.credentials.get(id)).account?.id).toBe('bob')
  })
})

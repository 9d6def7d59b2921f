import { createCredence } from '@credence/sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Person } from '../../support/person.ts'
import { fields, leaksOf, provide, RETURN_URL, refusalOf, type Scene, startScene } from '../../support/scene.ts'
import { claimsOf, followPanel, HOST, mintAt, OTHER, type Panel, panelAt, serviceOf } from '../../support/widget.ts'

const ANN = 'ann@example.com'
const CANARY = 'canary-widget-7f3a91c2'

let scene: Scene
beforeAll(async () => {
  scene = await startScene()
  await scene.credence.project.update({ name: 'Acme Desk', origins: [HOST, OTHER] })
}, 120_000)
afterAll(() => scene.close())

const tokens: string[] = []
const said: string[] = []

async function tokenFor(email: string): Promise<string> {
  const { body } = await mintAt(scene, { user_email: email })
  tokens.push(String(body.token))
  return String(body.token)
}

/** The panel of a person; all that it is answered is kept for the canary search. */
async function panelOf(email: string): Promise<Panel> {
  const panel = panelAt(scene, await tokenFor(email))
  return async (...call) => {
    const answer = await panel(...call)
    said.push(JSON.stringify(answer.body))
    return answer
  }
}

const bearer = { type: 'BEARER', fields: fields('token*') }

interface Started {
  readonly id: string
  readonly link: string
  readonly proof: string
}

async function start(panel: Panel, order: object): Promise<Started> {
  const { status, body } = await panel('POST', '/sessions', order)
  expect(status, JSON.stringify(body)).toBe(201)
  const { session, link, proof } = body as { session: { id: string }; link: string; proof: string }
  return { id: session.id, link, proof }
}

/** What the page of the window does when the widget's page answers it, then what the person types. */
async function connectBy(person: Person, { link, proof }: Started, token: string) {
  const form = await person.submit(await person.open(link), { proof }, { action: /\/proof$/ })
  return person.submit(form, { 'field.token': token }, { action: /\/secret$/ })
}

describe('the panel', () => {
  test('[S3-10] shows what the backend connected as connected at the first look, with its label and whose it is', async () => {
    const provider = await provide(scene, bearer, { display_name: 'First paint', description: 'Shown at once' })
    const empty = await provide(scene, bearer, { display_name: 'Empty service' })
    const credence = scene.credence.forUser(`email:${ANN}`)
    const { id } = await credence.credentials.create({ providerId: provider.id, label: 'Support desk', fields: { token: CANARY } })
    const panel = await panelOf(ANN)
    expect(await serviceOf(panel, provider.id)).toMatchObject({
      name: 'First paint',
      description: 'Shown at once',
      state: 'connected',
      connections: [{ credential_id: id, state: 'connected', label: 'Support desk', own: true }],
    })
    expect(await serviceOf(panel, empty.id)).toMatchObject({ state: 'not_connected', connections: [] })
  })

  test('[S3-10] [S3-12] shows what the mint call itself stored, at the first look with the token that it answered', async () => {
    const provider = await provide(scene, bearer, { display_name: 'Minted in one call' })
    const headers = [{ header_name: 'Authorization', header_value: CANARY }]
    const auto = { servers: [{ server_name: 'minted in one call', headers }] }
    const { body } = await mintAt(scene, { user_email: 'mia@example.com', auto_authenticate: auto })
    said.push(JSON.stringify(body))
    expect(body.auto_authenticate).toMatchObject({ servers: [{ status: 'authenticated' }] })
    tokens.push(String(body.token))
    expect(await serviceOf(panelAt(scene, String(body.token)), provider.id)).toMatchObject({
      state: 'connected',
      connections: [{ own: true }],
    })
  })

  test('[S3-10] shows no service of the project level, and nothing of another person', async () => {
    const shared = await provide(scene, bearer, { display_name: 'Of the project', level: 'project' })
    const own = await provide(scene, bearer, { display_name: 'Of Bob alone' })
    const { id } = await scene.credence
      .forUser('email:bob@example.com')
      .credentials.create({ providerId: own.id, fields: { token: CANARY } })
    const panel = await panelOf(ANN)
    expect(await serviceOf(panel, shared.id)).toBeUndefined()
    expect(await serviceOf(panel, own.id)).toMatchObject({ state: 'not_connected', connections: [] })
    for (const [method, path, body] of [
      ['DELETE', `/credentials/${id}`, undefined],
      ['POST', '/sessions', { credential_id: id }],
      ['POST', '/sessions', { provider_id: shared.id }],
      ['POST', '/sessions', { provider_id: 'prov_nothing' }],
    ] as const) {
      expect([404, 400]).toContain((await panel(method, path, body)).status)
    }
    expect((await scene.credence.forUser('email:bob@example.com').credentials.get(id)).status).toBe('active')
  })

  test('[S3-10] [S1-12] offers of a provider what each user connects for himself, by pattern, and never what is the project’s', async () => {
    const ofProject = { ...bearer, level: 'project', display_name: 'One key for all' }
    const own = { type: 'API_KEY', fields: fields('api_key*'), display_name: 'My own key' }
    const shared = await provide(scene, ofProject, { display_name: 'Shared by its pattern' })
    const mixed = await provide(scene, [ofProject, own], { display_name: 'Shared or own' })
    const more = await provide(scene, [own, ofProject, bearer], { display_name: 'Shared or one of two' })
    const panel = await panelOf(ANN)
    expect(await serviceOf(panel, shared.id)).toBeUndefined()
    expect((await panel('POST', '/sessions', { provider_id: shared.id })).status).toBe(404)
    const openForm = async (provider_id: string) => {
      const { link, proof } = await start(panel, { provider_id })
      const person = new Person()
      const page = await person.submit(await person.open(link), { proof }, { action: /\/proof$/ })
      await person.leave()
      return page.text
    }
    expect(await openForm(mixed.id)).toContain('name="field.api_key"')
    const choice = await openForm(more.id)
    expect(choice).toContain('My own key')
    expect(choice).not.toContain('One key for all')
    const { secret: key } = await scene.credence.keys.create({ label: 'backend', scopes: ['sessions', 'act_for'] })
    const { admin: apiUrl, data: proxyUrl } = scene.platform
    const backend = createCredence({ apiUrl, proxyUrl, key, user: `email:${ANN}` })
    const wanted = { providerId: shared.id, returnUrl: RETURN_URL }
    expect((await refusalOf(backend.sessions.create(wanted))).code).toBe('SCOPE_REQUIRED')
    await backend.sessions.create({ ...wanted, level: 'user' })
  })

  test('[S3-10] a session without its one id, or with both, says which it needs', async () => {
    const panel = await panelOf(ANN)
    for (const order of [{}, { provider_id: 'prov_x', credential_id: 'cred_x' }, { provider_id: '' }]) {
      const { status, body } = await panel('POST', '/sessions', order)
      expect([status, (body.errors as { pointer: string }[]).map(({ pointer }) => pointer)]).toEqual([400, ['/provider_id']])
    }
  })

  test('[S3-10] follows every change while it is open: connected, expired, disabled, gone', async () => {
    const provider = await provide(scene, bearer, { display_name: 'Followed' })
    const token = await tokenFor('flora@example.com')
    const stream = await followPanel(scene, token)
    const flora = scene.credence.forUser('email:flora@example.com')
    const state = (): string | undefined => stream.lists.at(-1)?.services.find(({ provider_id: id }) => id === provider.id)?.state
    await expect.poll(state, { timeout: 20_000 }).toBe('not_connected')
    const { id } = await flora.credentials.create({ providerId: provider.id, fields: { token: CANARY } })
    await expect.poll(state, { timeout: 20_000 }).toBe('connected')
    await flora.credentials.disable(id)
    await expect.poll(state, { timeout: 20_000 }).toBe('disabled')
    await flora.credentials.enable(id)
    await expect.poll(state, { timeout: 20_000 }).toBe('connected')
    await flora.credentials.delete(id)
    await expect.poll(state, { timeout: 20_000 }).toBe('not_connected')
    stream.close()
    said.push(JSON.stringify(stream.lists))
  })

  test('[S3-9] is empty-handed for a guest: services without a state of anybody, and no connecting', async () => {
    const provider = await provide(scene, bearer, { display_name: 'For guests too' })
    const panel = panelAt(scene, String((await mintAt(scene, {})).body.token))
    expect((await panel('GET', '/services')).body).toMatchObject({ guest: true })
    expect(await serviceOf(panel, provider.id)).toMatchObject({ state: 'not_connected' })
    const refused = await panel('POST', '/sessions', { provider_id: provider.id })
    expect([refused.status, refused.body.code]).toEqual([400, 'USER_REQUIRED'])
  })
})

describe('connecting from the panel', () => {
  test('[S3-10] connects for the person of the token, and the call works at once', async () => {
    const provider = await provide(scene, bearer)
    const panel = await panelOf(ANN)
    const started = await start(panel, { provider_id: provider.id })
    const person = new Person()
    const end = await connectBy(person, started, CANARY)
    expect(end.text).toContain('is connected')
    const { body } = await panel('GET', `/sessions/${started.id}?wait_ms=5000`)
    expect(body).toMatchObject({ state: 'connected' })
    const credential = String(body.credential_id)
    const user = claimsOf(tokens.at(-1) ?? '').user
    expect(await scene.credence.forUser(`email:${ANN}`).credentials.get(credential)).toMatchObject({ owner: { user } })
    expect((await scene.credence.forUser(`email:${ANN}`).fetch(credential, '/x')).status).toBe(200)
    expect(scene.api.requests.at(-1)?.headers.authorization).toBe(`Bearer ${CANARY}`)
    said.push(...person.seen)
    await person.leave()
  })

  test('[S3-10] reconnects the same credential', async () => {
    const provider = await provide(scene, bearer)
    const ann = scene.credence.forUser(`email:${ANN}`)
    const { id } = await ann.credentials.create({ providerId: provider.id, fields: { token: 'old-value-1' } })
    const panel = await panelOf(ANN)
    const started = await start(panel, { credential_id: id })
    await connectBy(scene.person, started, 'new-value-2')
    expect((await panel('GET', `/sessions/${started.id}?wait_ms=5000`)).body).toMatchObject({ state: 'connected', credential_id: id })
    await ann.fetch(id, '/x')
    expect(scene.api.requests.at(-1)?.headers.authorization).toBe('Bearer new-value-2')
  })

  test('[B-8] [T14] the link alone connects nothing: who was sent it meets a page that goes no further', async () => {
    const provider = await provide(scene, bearer)
    const panel = await panelOf(ANN)
    const { id, link, proof } = await start(panel, { provider_id: provider.id })
    const victim = new Person()
    const page = await victim.open(link)
    expect(page.text).toContain('Did somebody send you this link?')
    expect(page.text).not.toContain(proof)
    const base = link.slice(0, link.lastIndexOf('/'))
    for (const [path, values] of [
      ['proof', { proof: '' }],
      ['proof', { proof: 'A'.repeat(43) }],
      ['start', { pattern: '0' }],
      ['secret', { 'field.token': CANARY }],
      ['grant', {}],
    ] as const) {
      const form = { ...page, forms: [{ action: `${link}/${path}`, hidden: page.forms[0]?.hidden ?? {} }] }
      expect((await victim.submit(form, values)).status, path).toBe(403)
    }
    expect(base).toContain('/connect')
    expect((await panel('GET', `/sessions/${id}`)).body).toMatchObject({ state: 'open' })
    expect(await serviceOf(panel, provider.id)).toMatchObject({ state: 'not_connected' })
    await victim.leave()
  })

  test('[B-8] a browser that was proven is the only one that goes on', async () => {
    const provider = await provide(scene, bearer)
    const panel = await panelOf(ANN)
    const started = await start(panel, { provider_id: provider.id })
    const [own, other] = [new Person(), new Person()]
    await own.submit(await own.open(started.link), { proof: started.proof }, { action: /\/proof$/ })
    expect((await other.open(started.link)).status).toBe(403)
    await own.leave()
    await other.leave()
  })

  test('[B-8] a session belongs to the token that made it: another person neither reads nor cancels it', async () => {
    const provider = await provide(scene, bearer)
    const [ann, bob] = [await panelOf(ANN), await panelOf('bob@example.com')]
    const { id } = await start(ann, { provider_id: provider.id })
    expect((await bob('GET', `/sessions/${id}`)).status).toBe(404)
    expect((await bob('POST', `/sessions/${id}/cancel`, {})).status).toBe(404)
    expect((await ann('POST', `/sessions/${id}/cancel`, {})).body).toMatchObject({ state: 'cancelled' })
  })

  test('[B-8] nobody can ask for a session that needs no proof', async () => {
    const provider = await provide(scene, bearer)
    const panel = await panelOf(ANN)
    for (const more of [{ confirm: 'none' }, { user: 'email:bob@example.com' }, { level: 'project' }, { opener: { proven: true } }]) {
      expect((await panel('POST', '/sessions', { provider_id: provider.id, ...more })).status).toBe(400)
    }
    const byKey = scene.credence.forUser(`email:${ANN}`).sessions.create({ providerId: provider.id, confirm: 'widget' as never })
    await expect(byKey).rejects.toMatchObject({ code: 'INVALID_REQUEST' })
  })
})

describe('disconnecting', () => {
  test('[S3-10] deletes what is the person’s own, and asks before something that uses it is left without', async () => {
    const provider = await provide(scene, bearer)
    const ann = scene.credence.forUser(`email:${ANN}`)
    const { id } = await ann.credentials.create({ providerId: provider.id, fields: { token: CANARY } })
    const { id: consumer } = await ann.consumers.bind({ credentialId: id, kind: 'tool', externalRef: 'calendar', label: 'Calendar' })
    const panel = await panelOf(ANN)
    const refused = await panel('DELETE', `/credentials/${id}`)
    expect([refused.status, refused.body.code]).toEqual([409, 'CREDENTIAL_IN_USE'])
    expect(JSON.stringify(refused.body)).not.toContain(consumer)
    expect((await panel('DELETE', `/credentials/${id}?force=true`)).status).toBe(204)
    expect(await serviceOf(panel, provider.id)).toMatchObject({ state: 'not_connected', connections: [] })
  })

  test('[S3-10] leaves alone what is only shared with the person, and shows it as such', async () => {
    const provider = await provide(scene, bearer)
    const bob = scene.credence.forUser('email:bob@example.com')
    const { id } = await bob.credentials.create({ providerId: provider.id, fields: { token: CANARY } })
    await bob.credentials.share(id, { with: `email:${ANN}`, permission: 'manage' })
    const panel = await panelOf(ANN)
    expect(await serviceOf(panel, provider.id)).toMatchObject({ state: 'connected', connections: [{ own: false }] })
    expect((await panel('DELETE', `/credentials/${id}`)).status).toBe(404)
    expect((await panel('POST', '/sessions', { credential_id: id })).status).toBe(404)
  })
})

describe('what is said', () => {
  test('[S3-9] [T29] no answer, page, token, event, line of the log or file of the store holds a value', async () => {
    const answers = { said: said.join('\n'), claims: JSON.stringify(tokens.map(claimsOf)) }
    expect(said.length).toBeGreaterThan(10)
    expect(await leaksOf(scene, { value: CANARY }, answers)).toEqual([])
    const { stdout, stderr } = scene.platform.printed()
    for (const token of tokens) expect(stdout + stderr).not.toContain(token.split('.')[2])
  })
})

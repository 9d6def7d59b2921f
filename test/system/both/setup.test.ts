import { writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { createCredence, grpcClients, type Setup } from '@credence/sdk'
import { tempHome } from '@credence/testkit'
import {
  basicSite,
  bearerSite,
  type DocSite,
  type DocSites,
  discoverySite,
  headerSite,
  openApiSite,
  querySite,
  startDocSites,
} from '@credence/testkit/doc-sites'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Page } from '../../support/person.ts'
import { runCommand } from '../../support/run-command.ts'
import { atReturn, confirmAt, leaksOf, RETURN_URL, refusalOf, type Scene, settle, startScene, USER } from '../../support/scene.ts'

const CANARY = 'canary-setup-9f31c7d2ab45'
const [bearer, header, query, basic, openApi] = [bearerSite(), headerSite(), querySite(), basicSite(), openApiSite()]
const MODEL_KEY = 'canary-operators-model-key-33d1'
/** Prose alone: rules cannot read where the key goes. */
const quill: DocSite = {
  hosts: {
    'quillforms.example': (request, response) => {
      if (!/^\/(\?|$)/.test(request.url ?? '')) return void response.writeHead(404).end()
      const text = `<title>Authentication – Quill Forms API</title><h1>Authentication</h1>
        <p>Put what you were given into the field Quill-Pass of the head. Everything is below https://api.quillforms.example/v3.</p>`
      response.writeHead(200, { 'content-type': 'text/html' }).end(text)
    },
  },
}
let said: object = { auth: 'header', header: 'Quill-Pass', base_url: 'https://api.quillforms.example/v3' }
const modelRequests: { readonly authorization: string | undefined; readonly body: string }[] = []
const home = tempHome()
let sites: DocSites
let scene: Scene

/** An OpenAI-compatible endpoint that says what the test wants. */
function startModel(): Server {
  return createServer(async (request, response) => {
    const body = Buffer.concat(await all(request)).toString('utf8')
    modelRequests.push({ authorization: request.headers.authorization, body })
    response.end(JSON.stringify({ choices: [{ message: { content: JSON.stringify(said) } }] }))
  })
}

beforeAll(async () => {
  sites = startDocSites([bearer, header, query, basic, openApi, discoverySite(), quill])
  const keyFile = join(home.path, 'model-key')
  writeFileSync(keyFile, MODEL_KEY, { mode: 0o600 })
  scene = await startScene({
    sites: { ...sites.servers, 'model.wire.example': startModel() },
    env: {
      CREDENCE_RESEARCH_MODEL_URL: 'https://model.wire.example/v1',
      CREDENCE_RESEARCH_MODEL: 'small',
      CREDENCE_RESEARCH_MODEL_KEY_FILE: keyFile,
    },
  })
})
afterAll(async () => {
  await scene.close()
  await sites.close()
  home.remove()
})

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

const start = async (service: string): Promise<Setup> => scene.ann.setups.wait((await scene.ann.setups.start({ service })).id)
/** Research is done and its payload is saved: the setup waits for a secret. */
const atConnect = async (service: string): Promise<Setup> => scene.ann.setups.accept((await start(service)).id)

describe('a setup', () => {
  test('[S2-12] [S2-13] [S2-15] goes from an address alone to a credential that works, by one call', async () => {
    const found = await start('acornmail.example')
    expect(found).toMatchObject({
      state: 'guided',
      name: 'Acorn Mail',
      source: 'documentation',
      payload: { proxy_url: 'https://api.acornmail.example/v1' },
    })
    expect(found.steps.map(({ text }) => text)).toContain('Go to Settings → Developers → API tokens.')
    expect(found.facts.every(({ url }) => new URL(url).hostname.endsWith('acornmail.example'))).toBe(true)
    const accepted = await scene.ann.setups.accept(found.id)
    expect(accepted).toMatchObject({ state: 'connect', providerVersion: 1 })
    const before = sites.asked.filter(({ host }) => host === 'api.acornmail.example').length
    const credential = await scene.ann.setups.connect(found.id, { fields: { token: bearer.mood.key } })
    expect(credential).toMatchObject({ status: 'active', account: { name: 'ann@wire.example' }, providerName: 'Acorn Mail' })
    expect(sites.asked.filter(({ host }) => host === 'api.acornmail.example').length).toBe(before + 1)
    expect(await scene.ann.setups.get(found.id)).toMatchObject({ state: 'done', credentialId: credential.id })
    expect((await scene.ann.fetch(credential.id, '/me')).status).toBe(200)
  })

  test.each([
    ['birchmaps.example', () => ({ api_key: header.mood.key })],
    ['cedarweather.example', () => ({ api_key: query.mood.key })],
    ['doverdesk.example', () => ({ domain: 'acme', username: basic.mood.key.split(':')[0] ?? '' })],
    ['oakledger.example', () => ({ api_key: openApi.mood.key })],
  ])('[S2-12] [S2-15] connects what %s describes', async (service, fields) => {
    const setup = await atConnect(service)
    const credential = await scene.ann.setups.connect(setup.id, { fields: fields() })
    expect(credential.status).toBe('active')
    expect((await scene.ann.setups.get(setup.id)).state).toBe('done')
  })

  test('[S2-15] goes back to connect with the cause, nothing is kept, and a right value then ends it', async () => {
    const setup = await atConnect('acornmail.example')
    const connect = (token: string): Promise<unknown> => scene.ann.setups.connect(setup.id, { fields: { token } })
    const causes: [string, number | undefined, string][] = [
      ['key_wrong', undefined, 'VERIFY_FAILED'],
      ['scope_missing', 403, 'VERIFY_FAILED'],
      ['host_wrong', 404, 'VERIFY_FAILED'],
      ['provider_down', 503, 'UPSTREAM_UNREACHABLE'],
    ]
    for (const [cause, status, code] of causes) {
      bearer.mood.status = status
      expect((await refusalOf(connect(`${CANARY}-wrong`))).code, cause).toBe(code)
      const back = await scene.ann.setups.get(setup.id)
      expect(back, cause).toMatchObject({ state: 'connect', cause })
      // Pages show it, to people who send no members.
      expect(back.sentence, cause).toMatch(/^[A-Z][^`]+\.$/)
      expect(back.credentialId).toBeUndefined()
    }
    bearer.mood.status = undefined
    expect((await scene.ann.setups.get(setup.id)).tries).toBe(4)
    const mine = (await all(scene.ann.credentials.list())).length
    await connect(bearer.mood.key)
    expect(await scene.ann.setups.get(setup.id)).toMatchObject({ state: 'done' })
    expect((await all(scene.ann.credentials.list())).length).toBe(mine + 1)
  })

  test('[S2-15] at the page: a wrong key is shown with its cause, plain fields are kept and secret ones are empty', async () => {
    const setup = await atConnect('doverdesk.example')
    const { session, link } = await scene.ann.setups.session(setup.id, { returnUrl: RETURN_URL })
    const fill = (page: Page, username: string): Promise<Page> =>
      scene.person.submit(page, { 'field.domain': 'acme', 'field.username': username }, { action: /connect/, stopAt: atReturn })
    const again = await settle(scene, await fill(await scene.person.open(link), `${CANARY}-page`))
    expect(again.text).toContain('did not accept')
    expect(again.text).toContain('value="acme"')
    expect(again.text).not.toContain(CANARY)
    expect(await scene.ann.setups.get(setup.id)).toMatchObject({ state: 'connect', cause: 'key_wrong', sessionId: session.id, tries: 1 })
    const end = await settle(scene, await fill(again, 'dover-key-51f2c07ab9'))
    expect((await scene.ann.setups.get(setup.id)).state).toBe('verify')
    const credentialId = await confirmAt(scene, session.id, end)
    expect(await scene.ann.setups.get(setup.id)).toMatchObject({ state: 'done', credentialId })
  })

  test('[S2-12] skips no step: what comes before its time is refused and changes nothing', async () => {
    const waiting = await start('Some service that nobody knows')
    expect(waiting).toMatchObject({ state: 'research', needs: 'site' })
    const { setups } = scene.ann
    for (const act of [
      () => setups.accept(waiting.id),
      () => setups.session(waiting.id, { returnUrl: RETURN_URL }),
      () => setups.connect(waiting.id, { fields: { token: CANARY } }),
    ])
      expect((await refusalOf(act())).code).toBe('SETUP_STEP')
    const guided = await setups.wait((await setups.research(waiting.id, 'https://birchmaps.example/')).id)
    expect(guided).toMatchObject({ id: waiting.id, state: 'guided' })
    expect((await refusalOf(setups.connect(guided.id, { fields: { api_key: CANARY } }))).code).toBe('SETUP_STEP')
    expect((await refusalOf(setups.session(guided.id, { returnUrl: RETURN_URL }))).code).toBe('SETUP_STEP')
    expect((await setups.cancel(guided.id)).state).toBe('cancelled')
    expect((await refusalOf(setups.accept(guided.id))).code).toBe('SETUP_STEP')
  })

  test('[S2-12] of OAuth gives its steps to the administrator, with the redirect address that the client then has', async () => {
    const found = await start('https://mcp.elmcrm.example/mcp')
    expect(found).toMatchObject({ state: 'guided', registrationUri: 'https://id.elmcrm.example/oauth/register' })
    const shown = found.steps.find(({ redirectUri }) => redirectUri !== undefined)
    expect(shown?.audience).toBe('administrator')
    const waiting = await scene.ann.setups.accept(found.id)
    expect(waiting).toMatchObject({ state: 'connect', needs: 'client' })
    const refused = await refusalOf(scene.ann.setups.session(found.id, { returnUrl: RETURN_URL }))
    expect(refused).toMatchObject({ code: 'CLIENT_MISSING', facts: { redirect_uri: shown?.redirectUri } })
    const client = await scene.credence.clients.put(found.providerId ?? '', { clientId: 'elm-client', clientSecret: `${CANARY}-client` })
    expect(client.redirectUri).toBe(shown?.redirectUri)
    expect((await scene.ann.setups.get(found.id)).needs).toBeUndefined()
    expect((await scene.ann.setups.session(found.id, { returnUrl: RETURN_URL })).link).toContain('/connect/')
  })
})

describe('one setup', () => {
  test('[S2-12] [S2-15] makes one credential, however many send its values at once', async () => {
    const setup = await atConnect('birchmaps.example')
    const mine = (await all(scene.ann.credentials.list())).length
    const tries = Array.from({ length: 8 }, () => scene.ann.setups.connect(setup.id, { fields: { api_key: header.mood.key } }))
    const results = await Promise.allSettled(tries)
    const made = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value.id] : []))
    expect(made).toHaveLength(1)
    for (const result of results) if (result.status === 'rejected') expect(result.reason.code).toBe('SETUP_STEP')
    expect(await scene.ann.setups.get(setup.id)).toMatchObject({ state: 'done', credentialId: made[0] })
    expect((await all(scene.ann.credentials.list())).length).toBe(mine + 1)
  })

  test.each([
    ['cancelled', (id: string) => scene.ann.setups.cancel(id)],
    ['guided', async (id: string) => scene.ann.setups.wait((await scene.ann.setups.research(id, 'cedarweather.example')).id)],
  ])('[S2-12] that is %s meanwhile connects nothing, also where its page was open already', async (state, leave) => {
    const setup = await atConnect('birchmaps.example')
    const mine = (await all(scene.ann.credentials.list())).length
    const { session, link } = await scene.ann.setups.session(setup.id, { returnUrl: RETURN_URL })
    const page = await scene.person.open(link)
    await leave(setup.id)
    const filled = await scene.person.submit(page, { 'field.api_key': header.mood.key }, { action: /connect/, stopAt: atReturn })
    expect((await refusalOf(confirmAt(scene, session.id, await settle(scene, filled)))).code).toBe('SETUP_STEP')
    expect(await scene.ann.sessions.get(session.id)).toMatchObject({ state: 'failed', code: 'SETUP_STEP' })
    expect((await scene.ann.setups.get(setup.id)).state).toBe(state)
    expect((await all(scene.ann.credentials.list())).length).toBe(mine)
  })
})

describe('who', () => {
  test('[S2-12] may save a provider may accept; a member is told to ask an administrator', async () => {
    const { secret } = await scene.credence.keys.create({
      label: 'member',
      scopes: ['sessions', 'act_for', 'credentials.write', 'credentials.read'],
    })
    const bob = createCredence({ apiUrl: scene.platform.admin, key: secret, user: 'id:bob' })
    const found = await bob.setups.wait((await bob.setups.start({ service: 'https://docs.oakledger.example/' })).id)
    // The project has this provider already: there is nothing to save.
    expect(found).toMatchObject({ state: 'guided', source: 'project' })
    expect((await bob.setups.accept(found.id)).state).toBe('connect')
    const fresh = await bob.setups.describe(found.id, { ...found.payload, display_name: 'Oak by hand' })
    expect(fresh).toMatchObject({ state: 'guided', source: 'person' })
    expect((await refusalOf(bob.setups.accept(fresh.id))).code).toBe('SCOPE_REQUIRED')
    const carl = scene.credence.forUser('id:carl')
    const stranger = createCredence({ apiUrl: scene.platform.admin, key: secret, user: 'id:carl' })
    expect((await refusalOf(stranger.setups.get(found.id))).code).toBe('NOT_FOUND')
    expect((await refusalOf(stranger.setups.cancel(found.id))).code).toBe('NOT_FOUND')
    expect((await carl.setups.accept(found.id)).state).toBe('connect')
  })
})

describe('a batch', () => {
  test('[S2-16] gives each service its own state; one that fails or is refused stops no other', async () => {
    const services = ['birchmaps.example', `my key ${CANARY}`, 'nowhere-to-be-found.example', 'Freshdesk', 'cedarweather.example']
    const { batchId, results } = await scene.ann.setups.startMany(services)
    expect(batchId).toMatch(/^set_/)
    expect(results[1]).toMatchObject({ error: { code: 'SECRET_REFUSED' } })
    const started = results.flatMap((result) => ('setup' in result ? [result.setup] : []))
    const ended = await Promise.all(started.map(({ id }) => scene.ann.setups.wait(id)))
    expect(ended.map(({ state, needs, source }) => [state, needs ?? source])).toEqual([
      ['guided', 'project'],
      ['research', 'payload'],
      ['guided', 'catalogue'],
      ['guided', 'project'],
    ])
    const listed = await all(scene.ann.setups.list({ batchId }))
    expect(listed.map(({ id }) => id).sort()).toEqual(started.map(({ id }) => id).sort())
    const [first] = ended
    await scene.ann.setups.accept(first?.id ?? '')
    await scene.ann.setups.connect(first?.id ?? '', { fields: { api_key: header.mood.key } })
    expect((await all(scene.ann.setups.list({ batchId }))).map(({ state }) => state).sort()).toEqual([
      'done',
      'guided',
      'guided',
      'research',
    ])
  })

  test('[S2-16] tells its progress as facts, with ids and words alone', async () => {
    const setup = await atConnect('birchmaps.example')
    const told = (): string[] =>
      scene.events
        .filter(({ subject, type }) => subject === setup.id && type.endsWith('setup.moved'))
        .map(({ data }) => String(data.status))
    await expect.poll(told, { timeout: 20_000, interval: 50 }).toEqual(['guided', 'connect'])
  })
})

describe('secrets', () => {
  test('[S2-14] are taken by the connect step alone: everywhere else what looks like one is refused and not kept', async () => {
    const { setups } = scene.ann
    const guided = await start('birchmaps.example')
    for (const act of [
      () => setups.start({ service: `https://acme.example/?api_key=${CANARY}` }),
      () => setups.start({ service: 'Acme', label: `token: ${CANARY}` }),
      () => setups.research(guided.id, `sk_live_${CANARY.replaceAll('-', '')}`),
    ])
      expect((await refusalOf(act())).code).toBe('SECRET_REFUSED')
    const strange = await refusalOf(setups.start({ service: 'Acme', ...({ apiKey: CANARY } as object) }))
    expect(strange.code).toBe('INVALID_REQUEST')
    expect(JSON.stringify(strange)).not.toContain(CANARY)
  })

  test('[S2-14] [S2-19] none of what was typed is in a reply, an event, a log, a file or a request to documentation', async () => {
    const shown = await Promise.all((await all(scene.credence.setups.list())).map(({ id }) => scene.credence.setups.get(id)))
    expect(shown.length).toBeGreaterThan(5)
    const toDocs = sites.asked.filter(({ host }) => !host.startsWith('api.') && !host.startsWith('acme.'))
    expect(toDocs.length).toBeGreaterThan(10)
    const answers = {
      setups: JSON.stringify(shown),
      documentation: JSON.stringify(toDocs),
      model: JSON.stringify(modelRequests.map(({ body }) => body)),
    }
    expect(await leaksOf(scene, { CANARY, bearer: bearer.mood.key, model: MODEL_KEY }, answers)).toEqual([])
  })
})

describe('a model of the operator', () => {
  test('[S2-12] helps where the rules see nothing, and what it says of other hosts is dropped', async () => {
    expect(await start('quillforms.example')).toMatchObject({
      state: 'guided',
      payload: { auth_patterns: [{ auth_header_key_override: 'Quill-Pass' }], proxy_url: 'https://api.quillforms.example/v3' },
    })
    said = { auth: 'header', header: 'Quill-Pass', base_url: 'https://collect.attacker.example/v1' }
    const lacking = await start('https://quillforms.example/?again')
    expect(lacking).toMatchObject({ state: 'research', needs: 'payload', missing: [{ pointer: '/proxy_url', required: true }] })
    expect(JSON.stringify(lacking)).not.toContain('attacker')
    expect(modelRequests.every(({ authorization }) => authorization === `Bearer ${MODEL_KEY}`)).toBe(true)
  })
})

describe('by other doors', () => {
  test('[S2-12] [S2-16] a batch goes the same way over gRPC', async () => {
    const clients = await grpcClients({ address: scene.platform.apiOf('registry'), key: scene.key, user: USER })
    const { results, batchId } = await clients.setups.startSetups({ items: [{ service: 'Stripe' }, { service: 'birchmaps.example' }] })
    expect(batchId).toMatch(/^set_/)
    const setupId = results[0]?.setup?.id ?? ''
    await scene.ann.setups.wait(setupId)
    expect((await clients.setups.getSetup({ setupId })).setup).toMatchObject({ state: 'guided', source: 'catalogue', name: 'Stripe' })
    expect((await clients.setups.acceptSetup({ setupId })).setup?.state).toBe('connect')
    expect((await clients.setups.cancelSetup({ setupId })).setup?.state).toBe('cancelled')
    await expect(clients.setups.acceptSetup({ setupId })).rejects.toMatchObject({ code: 'SETUP_STEP' })
    await clients.close()
  })

  test('[S2-12] [S2-16] and on the command line, where secrets come from standard input alone', async () => {
    const run = async (args: readonly string[], input = ''): Promise<unknown> => {
      const env = { CREDENCE_API_URL: scene.platform.admin, CREDENCE_KEY: scene.key, CREDENCE_USER: USER }
      return JSON.parse(await runCommand([...args, '-o', 'json'], { env, input }))
    }
    const found = (await run(['setup', 'start', 'https://cedarweather.example/'])) as Setup
    expect(found).toMatchObject({ state: 'guided', name: 'Cedar Weather' })
    await run(['setup', 'accept', found.id])
    const credential = await run(['setup', 'connect', found.id, '--fields-stdin'], JSON.stringify({ api_key: query.mood.key }))
    expect(credential).toMatchObject({ status: 'active' })
    expect(await run(['setup', 'get', found.id])).toMatchObject({ state: 'done' })
    const many = (await run(['setup', 'start', 'Slack', 'Notion'])) as Setup[]
    expect(many.map(({ state, name }) => [state, name])).toEqual([
      ['guided', 'Slack'],
      ['guided', 'Notion'],
    ])
  }, 120_000)
})

import { Readable } from 'node:stream'
import { run } from '@credence/cli'
import { type Credential, grpcClients } from '@credence/sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { INSTAGRAM, IVER, MARA, type NativeScene, NUMBER, OTHER_NUMBER, PAGE_ID, startNativeScene } from '../../support/native-scene.ts'
import { atReturn, factOf, leaksOf, refusalOf, USER } from '../../support/scene.ts'

let scene: NativeScene
beforeAll(async () => {
  scene = await startNativeScene()
}, 120_000)
afterAll(() => scene.close())

const WHATSAPP = { messaging_product: 'whatsapp', to: '+4930111', type: 'text', text: { body: 'hi from the agent' } }
const DIRECT = { recipient: { id: '42' }, message: { text: 'hello from the agent' } }

/** One call of a consumer, or of nobody in particular. */
async function post(id: string, path: string, body: object, consumer?: string): Promise<Response> {
  const headers = { 'content-type': 'application/json' }
  return scene.ann.fetch(id, path, { method: 'POST', headers, body: JSON.stringify(body), ...(consumer === undefined ? {} : { consumer }) })
}

const attach = (credential: Credential, agent: string, channel: string, nativeId: string) =>
  scene.ann.channels.attach({ credentialId: credential.id, agent, channel, nativeId })

describe('a native sign-in', () => {
  test('[S2-2] [S2-10] one sign-in covers all channels: the long-lived token is sealed, and what was handed over is readable', async () => {
    const { choice, sessionId } = await scene.signIn()
    for (const words of ['WhatsApp', 'Instagram', 'Messenger', 'Velt Florist', '+49 30 5550 100', 'veltflorist', 'Mara Velt']) {
      expect(choice.text).toContain(words)
    }
    expect(await scene.ann.sessions.get(sessionId)).toMatchObject({ state: 'at_provider' })
    const credential = await scene.connect()
    expect(credential).toMatchObject({ family: 'thirdparty', status: 'active', health: 'ok', account: { id: MARA, name: 'Mara Velt' } })
    expect(credential.assets.map(({ channel, id }) => `${channel} ${id}`).sort()).toEqual([
      `instagram ${INSTAGRAM}`,
      `messenger ${PAGE_ID}`,
      'messenger 204000000000012',
      `whatsapp ${NUMBER}`,
      `whatsapp ${OTHER_NUMBER}`,
    ])
    expect(credential.assets.find(({ id }) => id === NUMBER)).toEqual({
      channel: 'whatsapp',
      id: NUMBER,
      name: 'Velt Florist',
      label: '+49 30 5550 100',
      parent: '102289599326934',
    })
    const days = ((credential.expiresAt?.getTime() ?? 0) - Date.now()) / 86_400_000
    expect(days).toBeGreaterThan(59)
    expect(days).toBeLessThan(60)
  })

  test('[S2-10] every call carries the proof of its token, and a caller cannot send his own', async () => {
    const { id } = await scene.connect()
    const me = await scene.ann.fetch(id, '/me?fields=id,name&appsecret_proof=callers-own')
    expect([me.status, await me.json()]).toEqual([200, { id: MARA, name: 'Mara Velt' }])
  })

  test('[S2-10] only what the person chose may be used, and choosing nothing is asked again', async () => {
    const { choice, sessionId } = await scene.signIn()
    const again = await scene.person.submit(choice, {}, { action: /\/choose$/, stopAt: atReturn })
    expect(again.text).toContain('Choose at least one')
    const foreign = await scene.person.submit(again, { asset: 'whatsapp 106540352242930' }, { action: /\/choose$/, stopAt: atReturn })
    expect(foreign.text).toContain('Choose at least one')
    expect(await scene.ann.sessions.get(sessionId)).toMatchObject({ state: 'at_provider' })
    const credential = await scene.connect({ assets: [`whatsapp ${NUMBER}`] })
    expect(credential.assets.map(({ id }) => id)).toEqual([NUMBER])
    expect((await refusalOf(attach(credential, 'agent-x', 'whatsapp', OTHER_NUMBER))).code).toBe('INVALID_REQUEST')
  })

  test('[S2-10] [S2-11] what the person kept back is called by nobody, although the token reaches it, until it is chosen', async () => {
    const credential = await scene.connect({ assets: [`whatsapp ${NUMBER}`] })
    const consumer = await attach(credential, 'agent-k', 'whatsapp', NUMBER)
    const from = scene.graph.sent.length
    for (const by of [undefined, consumer.id]) {
      expect((await refusalOf(post(credential.id, `/${OTHER_NUMBER}/messages`, WHATSAPP, by))).code).toBe('ASSET_NOT_GRANTED')
      expect((await refusalOf(scene.ann.fetch(credential.id, `/${PAGE_ID}?fields=name`))).code).toBe('ASSET_NOT_GRANTED')
    }
    expect(scene.graph.sent).toHaveLength(from)
    expect((await post(credential.id, `/${NUMBER}/messages`, WHATSAPP, consumer.id)).status).toBe(200)
    await scene.ann.channels.detach(consumer.id)
    const wider = await scene.connect({ credentialId: credential.id })
    const other = await attach(wider, 'agent-k', 'whatsapp', OTHER_NUMBER)
    expect((await post(wider.id, `/${OTHER_NUMBER}/messages`, WHATSAPP, other.id)).status).toBe(200)
    await scene.ann.channels.detach(other.id)
  })

  test('[S2-10] a refusal at the dialog connects nothing', async () => {
    const { link } = await scene.ann.sessions.create({ providerId: scene.provider.id, returnUrl: 'http://localhost:3999/connected' })
    const page = await scene.person.open(link)
    const answered = await scene.person.submit(page, {}, { action: /\/grant$/, stopAt: (url) => url.hostname === 'www.facebook.com' })
    const denied = new URL(answered.url)
    denied.searchParams.set('decision', 'cancel')
    const end = await scene.person.open(denied.href)
    expect(end.text).toContain('The access was not allowed')
  })

  test('[S2-10] an app without its configuration id is refused where it is registered', async () => {
    const { appId: clientId, appSecret: clientSecret } = scene.graph.app
    const error = await refusalOf(scene.credence.clients.put(scene.provider.id, { clientId, clientSecret }))
    expect([error.code, error.errors[0]?.pointer]).toEqual(['INVALID_REQUEST', '/fields/config_id'])
    expect((await scene.credence.clients.get(scene.provider.id)).fields).toEqual({ config_id: '900100' })
  })
})

describe('calls by channel', () => {
  test('[S2-10] [S2-11] one credential on three channels of one agent: each call goes out with the token of its channel', async () => {
    const credential = await scene.connect()
    const whatsapp = await attach(credential, 'agent-1', 'whatsapp', NUMBER)
    const instagram = await attach(credential, 'agent-1', 'instagram', INSTAGRAM)
    const messenger = await attach(credential, 'agent-1', 'messenger', PAGE_ID)
    expect(whatsapp).toMatchObject({ kind: 'channel', channel: 'whatsapp', nativeId: NUMBER, agent: 'agent-1' })
    const from = scene.graph.sent.length
    expect((await post(credential.id, `/${NUMBER}/messages`, WHATSAPP, whatsapp.id)).status).toBe(200)
    expect((await post(credential.id, `/${INSTAGRAM}/messages`, DIRECT, instagram.id)).status).toBe(200)
    expect((await post(credential.id, '/me/messages', DIRECT, messenger.id)).status).toBe(200)
    expect(scene.graph.sent.slice(from).map(({ channel, from: by, text }) => [channel, by, text])).toEqual([
      ['whatsapp', NUMBER, 'hi from the agent'],
      ['instagram', INSTAGRAM, 'hello from the agent'],
      ['messenger', PAGE_ID, 'hello from the agent'],
    ])
    expect((await scene.ann.credentials.get(credential.id)).consumerCount).toBe(3)
    for (const { id } of [whatsapp, instagram, messenger]) await scene.ann.channels.detach(id)
  })

  test('[S2-11] a number is called by its own agent alone: not without the consumer, not by another one, not in a batch', async () => {
    const credential = await scene.connect()
    const mine = await attach(credential, 'agent-1', 'whatsapp', NUMBER)
    const other = await attach(credential, 'agent-2', 'whatsapp', OTHER_NUMBER)
    const from = scene.graph.sent.length
    for (const consumer of [undefined, other.id, `csmr_${'0'.repeat(26)}`]) {
      for (const path of [`/${NUMBER}/messages`, `/%3${NUMBER[0]}${NUMBER.slice(1)}/messages`, `//${NUMBER};a=1/messages`]) {
        expect((await refusalOf(post(credential.id, path, WHATSAPP, consumer))).code, `${path} ${consumer}`).toBe('CHANNEL_REQUIRED')
      }
    }
    expect((await refusalOf(post(credential.id, '/?batch=[]', {}, other.id))).code).toBe('PATH_REFUSED')
    expect((await refusalOf(scene.ann.fetch(credential.id, '/debug_token'))).code).toBe('PATH_REFUSED')
    expect((await refusalOf(post(credential.id, '/oauth/access_token', {}, mine.id))).code).toBe('PATH_REFUSED')
    expect(scene.graph.sent).toHaveLength(from)
    await scene.ann.channels.detach(mine.id)
    expect((await refusalOf(post(credential.id, `/${NUMBER}/messages`, WHATSAPP, mine.id))).code).toBe('CHANNEL_REQUIRED')
    await scene.ann.channels.detach(other.id)
  })

  test('[S2-10] [S2-17] tokens that the API would give in an answer are masked', async () => {
    const { id } = await scene.connect()
    const answer = await scene.ann.fetch(id, '/me/accounts?fields=id,name,access_token')
    const text = await answer.text()
    expect(text).toContain('Velt Weddings')
    expect(text).not.toMatch(/EAA/)
    expect(text).toMatch(/"access_token":"\*{60,}"/)
  })
})

describe('one agent on a channel', () => {
  test('[S2-11] two agents taking one number at once: of fifty attempts exactly one wins', async () => {
    const credential = await scene.connect()
    const agents = Array.from({ length: 50 }, (_, i) => `racer-${i}`)
    const results = await Promise.allSettled(agents.map((agent) => attach(credential, agent, 'whatsapp', NUMBER)))
    const won = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    expect(won).toHaveLength(1)
    for (const result of results) if (result.status === 'rejected') expect(result.reason.code).toBe('CHANNEL_TAKEN')
    const held = []
    for await (const consumer of scene.ann.consumers.list(credential.id)) held.push(consumer.id)
    expect(held).toEqual(won.map(({ id }) => id))
    await scene.ann.channels.detach(won[0]?.id ?? '')
  })

  test('[S2-11] an agent takes one number of a channel, also when fifty are tried at once', async () => {
    const credential = await scene.connect()
    const tries = Array.from({ length: 50 }, (_, i) => (i % 2 === 0 ? NUMBER : OTHER_NUMBER))
    const results = await Promise.allSettled(tries.map((nativeId) => attach(credential, 'one-agent', 'whatsapp', nativeId)))
    const won = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    expect(won.length).toBeLessThanOrEqual(1)
    // Where each number was claimed by one of them and the agent by neither, both stepped back: then it is free.
    const [one = await attach(credential, 'one-agent', 'whatsapp', NUMBER)] = won
    expect((await refusalOf(attach(credential, 'one-agent', 'whatsapp', OTHER_NUMBER))).code).toBe('CHANNEL_TAKEN')
    await scene.ann.channels.detach(one.id)
    await scene.ann.channels.detach((await attach(credential, 'one-agent', 'whatsapp', OTHER_NUMBER)).id)
  })

  test('[S2-11] a second attach names the channel, and the holder only to those who may see him', async () => {
    const mine = await scene.connect()
    const held = await attach(mine, 'agent-1', 'whatsapp', NUMBER)
    const second = await scene.connect()
    const seen = await refusalOf(attach(second, 'agent-2', 'whatsapp', NUMBER))
    expect(seen.code).toBe('CHANNEL_TAKEN')
    expect(seen.facts).toMatchObject({ channel: 'whatsapp', consumer_id: held.id, agent: 'agent-1', holder: mine.id })
    const bert = scene.credence.forUser('id:bert')
    await scene.ann.credentials.share(second.id, { with: 'id:bert', permission: 'manage' })
    const order = { credentialId: second.id, agent: 'agent-3', channel: 'whatsapp', nativeId: NUMBER }
    const hidden = await refusalOf(bert.channels.attach(order))
    expect(hidden.code).toBe('CHANNEL_TAKEN')
    expect(hidden.facts).toEqual({ channel: 'whatsapp' })
    expect(JSON.stringify([hidden.message, hidden.facts])).not.toMatch(/agent-1|csmr_/)
    await scene.ann.channels.detach(held.id)
    const next = await bert.channels.attach(order)
    expect((await post(second.id, `/${NUMBER}/messages`, WHATSAPP, next.id)).status).toBe(200)
    await scene.ann.channels.detach(next.id)
  })

  test('[S2-11] deleting the credential frees its channels at once, and its consumers are told', async () => {
    const credential = await scene.connect()
    const consumer = await attach(credential, 'agent-1', 'whatsapp', NUMBER)
    expect((await refusalOf(scene.ann.credentials.delete(credential.id))).code).toBe('CREDENTIAL_IN_USE')
    await scene.ann.credentials.delete(credential.id, { force: true })
    const next = await scene.connect()
    const taken = await attach(next, 'agent-2', 'whatsapp', NUMBER)
    expect((await refusalOf(post(credential.id, `/${NUMBER}/messages`, WHATSAPP, consumer.id))).code).toBe('CREDENTIAL_DELETED')
    expect((await factOf(scene, 'consumer.orphaned', consumer.id)).data).toMatchObject({ credential_id: credential.id })
    await scene.ann.channels.detach(taken.id)
    await scene.ann.channels.detach(taken.id)
  })

  test('[S2-11] the same attach again says that it stands there already; a name that nobody can read is refused', async () => {
    const credential = await scene.connect()
    const consumer = await attach(credential, 'agent-1', 'whatsapp', NUMBER)
    const again = await refusalOf(attach(credential, 'agent-1', 'whatsapp', NUMBER))
    expect([again.code, again.message]).toEqual(['CHANNEL_TAKEN', expect.stringContaining("on this agent's channel whatsapp already")])
    expect(again.message).not.toContain('another')
    for (const agent of ['  ', 'a\nb', 'a\u0000', '\u202eagent']) {
      const error = await refusalOf(attach(credential, agent, 'whatsapp', OTHER_NUMBER))
      expect([error.code, error.errors[0]?.pointer], JSON.stringify(agent)).toEqual(['INVALID_REQUEST', '/agent'])
    }
    await scene.ann.channels.detach(consumer.id)
  })

  test('[S2-11] a stranger attaches nothing and detaches nothing', async () => {
    const credential = await scene.connect()
    const consumer = await attach(credential, 'agent-1', 'messenger', PAGE_ID)
    const stranger = scene.credence.forUser('id:stranger')
    const order = { credentialId: credential.id, agent: 'a', channel: 'messenger', nativeId: PAGE_ID }
    expect((await refusalOf(stranger.channels.attach(order))).code).toBe('NOT_FOUND')
    expect((await refusalOf(stranger.channels.detach(consumer.id))).code).toBe('NOT_FOUND')
    await scene.ann.channels.detach(consumer.id)
  })
})

describe('the other ways in', () => {
  test('[S2-11] gRPC attaches and detaches as REST does', async () => {
    const credential = await scene.connect()
    const clients = await grpcClients({ address: scene.platform.apiOf('registry'), key: scene.key, user: USER })
    const order = { credentialId: credential.id, agent: 'agent-g', channel: 'whatsapp', nativeId: NUMBER }
    const { consumer } = await clients.registry.attachChannel(order)
    expect(consumer).toMatchObject({ kind: 'channel', channel: 'whatsapp', nativeId: NUMBER, agent: 'agent-g' })
    await expect(clients.registry.attachChannel({ ...order, agent: 'agent-h' })).rejects.toMatchObject({ code: 'CHANNEL_TAKEN' })
    await clients.registry.detachChannel({ consumerId: consumer?.id ?? '' })
    await clients.registry.detachChannel({
      consumerId: (await clients.registry.attachChannel({ ...order, agent: 'agent-h' })).consumer?.id ?? '',
    })
    clients.close()
  })

  test('[S2-11] the command line attaches, lists and detaches', async () => {
    const credential = await scene.connect()
    const credence = async (...args: readonly string[]): Promise<string> => {
      const lines: string[] = []
      const terminal = {
        interactive: false,
        out: (text: string) => void lines.push(text),
        err: (text: string) => void lines.push(text),
      }
      const code = await run(['--api-url', scene.platform.admin, '--user', USER, '-o', 'json', ...args], {
        terminal,
        environment: { key: scene.key },
        input: Readable.from([]),
      })
      return `${code} ${lines.join('')}`
    }
    const order = ['--agent', 'agent-c', '--channel', 'messenger', '--native-id', PAGE_ID]
    const attached = await credence('channel', 'attach', credential.id, ...order)
    expect(attached).toMatch(/^0 .*"channel":"messenger"/)
    const id = /csmr_\w+/.exec(attached)?.[0] ?? ''
    expect(await credence('channel', 'list', credential.id)).toContain(id)
    expect(await credence('channel', 'attach', credential.id, '--agent', 'other', ...order.slice(2))).toMatch(/^1 .*CHANNEL_TAKEN/)
    expect(await credence('channel', 'detach', id)).toMatch(/^0 /)
    expect(await credence('channel', 'list', credential.id)).toBe('0 []')
  })
})

describe('the loss of a grant', () => {
  test('[S2-8] [S2-10] a grant is renewed by the machinery of every other one, and its channels take the new token', async () => {
    scene.graph.longLives(50)
    const before = await scene.connect()
    const consumer = await attach(before, 'agent-r', 'whatsapp', NUMBER)
    scene.graph.longLives(5_183_944)
    await scene.ann.credentials.disable(before.id)
    const { refreshOutcome } = await scene.ann.credentials.enable(before.id)
    expect(refreshOutcome).toBe('refreshed')
    const after = await scene.ann.credentials.get(before.id)
    expect((after.expiresAt?.getTime() ?? 0) - (before.expiresAt?.getTime() ?? 0)).toBeGreaterThan(59 * 86_400_000)
    expect((await post(before.id, `/${NUMBER}/messages`, WHATSAPP, consumer.id)).status).toBe(200)
    await scene.ann.channels.detach(consumer.id)
  })

  test.each([
    { why: 'passwordChanged', path: '/106540352242930/messages', status: 401, subcode: 460 },
    // Nodes other than those of WhatsApp say it with 400: the body decides, as the provider's data declares.
    { why: 'appRemoved', path: '/me', status: 400, subcode: 458 },
  ] as const)(
    '[S2-10] a token that is refused ($why) expires the credential, and reconnecting keeps its id and its channels',
    async (loss) => {
      scene.graph.signIn(IVER)
      const credential = await scene.connect()
      const consumer = await attach(credential, 'agent-9', 'whatsapp', '106540352242930')
      const call = (): Promise<Response> =>
        loss.path === '/me' ? scene.ann.fetch(credential.id, '/me') : post(credential.id, loss.path, WHATSAPP, consumer.id)
      scene.graph.invalidate(IVER, loss.why)
      const refused = await call()
      expect([refused.status, JSON.parse(await refused.text()).error.error_subcode]).toEqual([loss.status, loss.subcode])
      const fact = await factOf(scene, 'credential.expired', credential.id)
      expect(fact.data.reconnect_url).toContain(credential.id)
      const told = await refusalOf(call())
      expect([told.code, told.reconnectUrl?.endsWith(`/r/${credential.id}`)]).toEqual(['CREDENTIAL_EXPIRED', true])
      const back = await scene.connect({ credentialId: credential.id })
      expect([back.id, back.status]).toEqual([credential.id, 'active'])
      expect((await post(back.id, '/106540352242930/messages', WHATSAPP, consumer.id)).status).toBe(200)
      await scene.ann.channels.detach(consumer.id)
      scene.graph.signIn(MARA)
    },
  )
})

test('[S2-10] [S2-17] no token and no app secret stands in any file, reply, page, event or log', async () => {
  const tokens = scene.graph.tokens()
  expect(tokens.length).toBeGreaterThan(10)
  const secrets = Object.fromEntries([...tokens, scene.graph.app.appSecret].map((value, i) => [`secret ${i}`, value]))
  const answers: string[] = []
  for await (const credential of scene.ann.credentials.list()) answers.push(JSON.stringify(credential))
  expect(await leaksOf(scene, secrets, { answers: answers.join('\n') })).toEqual([])
})

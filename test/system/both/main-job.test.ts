import { type Credence, CredenceError, createCredence } from '@credence/sdk'
import { tempHome } from '@credence/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect, credentialOf, type Journey, registerProviders, startOutside, USER } from '../../support/journey.ts'
import { startJourney } from '../../support/profile.ts'
import { SECRETS } from '../../support/world.ts'

const home = tempHome()
let journey: Journey
let ann: Credence
const refused = async (call: Promise<unknown>): Promise<CredenceError> => {
  const error = await call.catch((thrown: unknown) => thrown)
  if (!(error instanceof CredenceError)) throw new TypeError('it was not refused')
  return error
}
const codeOf = async (call: Promise<unknown>): Promise<string> => (await refused(call)).code
const fact = async (type: string, subject: string): Promise<Journey['events'][number]> =>
  expect
    .poll(() => journey.events.find((event) => event.type.endsWith(type) && event.subject === subject), { timeout: 30_000, interval: 20 })
    .toBeDefined()
    .then(() => journey.events.findLast((event) => event.type.endsWith(type) && event.subject === subject)!)

beforeAll(async () => {
  journey = await startJourney(home.path, await startOutside())
  ann = journey.ann
  await registerProviders(journey)
  for (const name of ['asana', 'bearer', 'freshdesk', 'attention', 'acme'] as const) await connect(journey, name)
}, 120_000)
afterAll(async () => {
  await journey.platform.stop()
  await journey.person.leave()
  await journey.world.close()
  home.remove()
})

describe('the documented payloads', () => {
  test('[S1-1] [S1-2] each of the four is accepted, comes back unchanged, connects and proxies', async () => {
    const listed: string[] = []
    for await (const provider of journey.credence.providers.list()) listed.push(JSON.parse(provider.payloadJson).display_name)
    expect(listed.sort()).toEqual(['Acme CRM', 'My Asana', 'My Attention', 'My Bearer Token Provider', 'My Freshdesk'])
    for (const [name, path] of [
      ['asana', '/1.0/tasks'],
      ['bearer', '/x'],
      ['freshdesk', '/v2/tickets'],
      ['attention', '/y'],
    ] as const) {
      expect((await ann.fetch(credentialOf(journey, name), path)).status, name).toBe(200)
    }
  })

  test('[S0-3] [S0-4] [S0-2] [S0-5] the header on the wire is exactly what each payload says', async () => {
    const { apis, asana } = journey.world
    const seen = (name: keyof typeof apis): string | undefined => apis[name].requests.at(-1)?.headers.authorization
    expect(seen('bearer')).toBe(`Bearer ${SECRETS.bearer}`)
    expect(seen('freshdesk')).toBe(`Basic ${Buffer.from(`${SECRETS.freshdesk}:`).toString('base64')}`)
    expect(seen('attention')).toBe(SECRETS.attention)
    expect(asana.tokens()).toContain(seen('asana')?.replace('Bearer ', ''))
    expect(apis.freshdesk.requests.at(-1)?.path).toBe('/api/v2/tickets')
    expect(apis.freshdesk.requests.at(-1)?.headers.host).toBe('acme.freshdesk.com')
  })

  test('[S1-4] what was typed into `fields` is nowhere to be read again, and plain values are', async () => {
    const credential = await ann.credentials.get(credentialOf(journey, 'freshdesk'))
    expect(credential.accountFields).toEqual({ domain: 'acme.freshdesk.com' })
    expect(JSON.stringify(credential)).not.toContain(SECRETS.freshdesk)
  })

  test('[S1-13] [S2-7] nobody who connects pastes a client id, and the account is named', async () => {
    const credential = await ann.credentials.get(credentialOf(journey, 'acme'))
    expect(credential).toMatchObject({ status: 'active', family: 'oauth2', account: { name: 'ann@example.com' } })
    const pages = journey.person.seen.join('\n')
    expect(pages).not.toContain(journey.world.acme.client.clientSecret)
  })
})

describe('the owner and everybody else', () => {
  test('[S2-20] a stranger gets the answer of an id that does not exist', async () => {
    const id = credentialOf(journey, 'bearer')
    const none = `cred_${'0'.repeat(26)}`
    const bob = journey.credence.forUser('bob')
    for (const ask of [
      (of: string) => bob.credentials.get(of),
      (of: string) => bob.credentials.disable(of),
      (of: string) => bob.fetch(of, '/x'),
      (of: string) => journey.credence.fetch(of, '/x'),
    ]) {
      const [foreign, unknown] = [await refused(ask(id)), await refused(ask(none))]
      expect({ ...foreign, credentialId: '', traceId: '' }).toEqual({ ...unknown, credentialId: '', traceId: '' })
      expect(foreign.code).toBe('NOT_FOUND')
    }
  })

  test('[S2-20] [S2-4] a share lets use, and taking it away stops the next call', async () => {
    const id = credentialOf(journey, 'bearer')
    const carl = journey.credence.forUser('carl')
    await ann.credentials.share(id, { with: 'id:carl', permission: 'use' })
    expect((await carl.fetch(id, '/x')).status).toBe(200)
    expect(await codeOf(carl.credentials.disable(id))).not.toBe('')
    await ann.credentials.unshare(id, { with: 'id:carl' })
    expect(await codeOf(carl.fetch(id, '/x'))).toBe('NOT_FOUND')
    await fact('credential.shared', id)
    await fact('credential.unshared', id)
  })

  test('a key without act_for may not name a user, and one without use may not call', async () => {
    const { secret } = await journey.credence.keys.create({ label: 'reader', scopes: ['credentials.read'] })
    const reader = createCredence({ apiUrl: journey.platform.admin, proxyUrl: journey.platform.data, key: secret })
    expect(await codeOf(reader.fetch(credentialOf(journey, 'bearer'), '/x'))).toBe('SCOPE_REQUIRED')
    expect(await codeOf(reader.forUser(USER).credentials.get(credentialOf(journey, 'bearer')))).toBe('SCOPE_REQUIRED')
  })

  test('a revoked key is refused by the next call, at the proxy too', async () => {
    const { key, secret } = await journey.credence.keys.create({ label: 'short', role: 'owner' })
    const other = createCredence({ apiUrl: journey.platform.admin, proxyUrl: journey.platform.data, key: secret, user: USER })
    expect((await other.fetch(credentialOf(journey, 'bearer'), '/x')).status).toBe(200)
    await journey.credence.keys.revoke(key.id)
    expect(await codeOf(other.fetch(credentialOf(journey, 'bearer'), '/x'))).toBe('UNAUTHENTICATED')
    expect(await codeOf(other.credentials.get(credentialOf(journey, 'bearer')))).toBe('UNAUTHENTICATED')
  })
})

describe('the life of a credential', () => {
  test('[S2-3] [S2-6] a disabled one names its status at once, and works again when enabled', async () => {
    const id = credentialOf(journey, 'attention')
    await ann.credentials.disable(id)
    const before = journey.world.apis.attention.requests.length
    const refusal = await refused(ann.fetch(id, '/x'))
    expect(refusal).toMatchObject({ code: 'CREDENTIAL_DISABLED', status: 409 })
    expect(journey.world.apis.attention.requests.length).toBe(before)
    await ann.credentials.enable(id)
    expect((await ann.fetch(id, '/x')).status).toBe(200)
  })

  test('[S2-15] a wrong secret is not kept, and a replaced one is used by the next call', async () => {
    const id = credentialOf(journey, 'bearer')
    const next = `${SECRETS.bearer}-next`
    await ann.credentials.replaceSecret(id, { fields: { token: next } })
    expect((await ann.fetch(id, '/x')).status).toBe(401)
    expect(journey.world.apis.bearer.requests.at(-1)?.headers.authorization).toBe(`Bearer ${next}`)
    await fact('credential.secret_replaced', id)
    await ann.credentials.replaceSecret(id, { fields: { token: SECRETS.bearer } })
    expect((await ann.fetch(id, '/x')).status).toBe(200)
  })

  test('[B-9] [S0-12] where it is used, when, and how each use went is told, never with a secret', async () => {
    const id = credentialOf(journey, 'bearer')
    const consumer = await ann.consumers.bind({ credentialId: id, kind: 'tool', externalRef: 'crm-sync', label: 'CRM sync' })
    const consumers: string[] = []
    for await (const one of ann.consumers.list(id)) consumers.push(one.id)
    expect(consumers).toEqual([consumer.id])
    await ann.fetch(id, '/x')
    const history = async (): Promise<{ action: string; outcome: string }[]> => {
      const entries = []
      for await (const entry of ann.history.list(id)) entries.push(entry)
      return entries
    }
    // What one vault has made another one tells of as soon as it is shipped.
    const call = { action: 'call', outcome: 'ok', upstreamStatus: 200 }
    await expect.poll(async () => (await history())[0]).toMatchObject(call)
    expect((await history()).some((entry) => entry.action === 'connect' || entry.action === 'change')).toBe(true)
    await expect.poll(async () => (await ann.credentials.get(id)).lastUsedAt !== undefined).toBe(true)
    await ann.consumers.unbind(consumer.id)
  })

  test('[S2-5] after a delete its user and its consumers are told that it is gone, a stranger that it never was', async () => {
    const id = await connect(journey, 'bearer')
    const consumer = await ann.consumers.bind({ credentialId: id, kind: 'channel', externalRef: 'mail', label: 'Mail' })
    expect(await codeOf(ann.credentials.delete(id))).toBe('CREDENTIAL_IN_USE')
    const { orphaned } = await ann.credentials.delete(id, { force: true })
    expect(orphaned.map((one) => one.id)).toEqual([consumer.id])
    await fact('consumer.orphaned', consumer.id)
    expect(await refused(ann.fetch(id, '/x'))).toMatchObject({ code: 'CREDENTIAL_DELETED', status: 410 })
    expect(await codeOf(journey.credence.forUser('bob').fetch(id, '/x'))).toBe('NOT_FOUND')
    expect(await codeOf(ann.credentials.get(id))).toBe('NOT_FOUND')
  })

  test("[S2-18] the provider's own error comes back as it is, marked as the provider's", async () => {
    const response = await ann.fetch(credentialOf(journey, 'attention'), '/status/418')
    expect(response.status).toBe(418)
    expect(response.headers.get('credence-origin')).toBe('upstream')
  })

  test('[B-4] what the API echoes of the secret is masked in every encoding', async () => {
    for (const path of ['/echo', '/gzip', '/br', '/deflate', '/reflect?form=base64', '/reflect?form=hex', '/reflect?form=percent']) {
      const text = await (
        await ann.fetch(credentialOf(journey, 'attention'), path, { headers: { 'accept-encoding': 'gzip, br, deflate' } })
      ).text()
      expect(text, path).not.toContain(SECRETS.attention)
      expect(text, path).not.toContain(Buffer.from(SECRETS.attention).toString('hex'))
      expect(text.includes('***'), path).toBe(true)
    }
  })

  test('[S2-21] [S2-9] a static secret that the provider refuses twice expires, with a reason and a link', async () => {
    const id = await connect(journey, 'bearer')
    journey.world.apis.bearer.accept(() => false)
    // The bearer payload declares no safe call, so a 401 alone must not end it.
    expect((await ann.fetch(id, '/x')).status).toBe(401)
    expect((await ann.credentials.get(id)).status).toBe('active')
  })
})

describe('lists, retries and the stream', () => {
  test('lists page by a cursor that cannot be bent', async () => {
    const ids: string[] = []
    for await (const credential of ann.credentials.list({ pageSize: 2 })) ids.push(credential.id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.length).toBeGreaterThan(3)
    const response = await fetch(`${journey.platform.admin}/v1/credentials?page_size=2&page_token=bent`, {
      headers: { authorization: `Bearer ${journey.platform.key}`, 'credence-user': USER },
    })
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([400, 'INVALID_PAGE_TOKEN'])
  })

  test('the same idempotency key makes one credential, and refuses another body', async () => {
    const post = (token: string): Promise<Response> =>
      fetch(`${journey.platform.admin}/v1/credentials`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${journey.platform.key}`,
          'credence-user': USER,
          'content-type': 'application/json',
          'idempotency-key': 'once-and-only-once',
        },
        body: JSON.stringify({ provider_id: journey.providers.get('bearer'), label: 'again', fields: { token } }),
      })
    const answers = await Promise.all([post('idempotent-secret-1'), post('idempotent-secret-1'), post('idempotent-secret-1')])
    const ids = new Set(
      await Promise.all(
        answers.filter((answer) => answer.status === 201).map(async (answer) => ((await answer.json()) as { id: string }).id),
      ),
    )
    expect(ids.size).toBe(1)
    const other = await post('another-secret-entirely')
    expect([other.status, ((await other.json()) as { code: string }).code]).toEqual([409, 'IDEMPOTENCY_CONFLICT'])
  })

  test('events are replayed from a cursor, in order per credential', async () => {
    const id = credentialOf(journey, 'acme')
    const seqs: Record<string, number[]> = {}
    for await (const event of journey.credence.events.list({ from: new Date(0), credentialId: id }))
      seqs[event.source] = [...(seqs[event.source] ?? []), event.seq]
    expect(Object.keys(seqs).length).toBeGreaterThan(0)
    for (const [source, list] of Object.entries(seqs))
      if (source !== 'credence/vault' || list.every((seq) => seq > 0)) expect(list, source).toEqual([...list].sort((a, b) => a - b))
  })
})

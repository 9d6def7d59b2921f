import { createCredence } from '@credence/sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { allOf } from '../../support/all-of.ts'
import { converse, digitsOn, loseGrant, provideSignIn, signIn } from '../../support/conversation.ts'
import { grpcOf } from '../../support/grpc-of.ts'
import { fields, provide, refusalOf, type Scene, startScene } from '../../support/scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await startScene()
}, 120_000)
afterAll(() => scene.close())

const code = async (call: Promise<unknown>): Promise<string> => (await refusalOf(call)).code

/** A capability that acts on each customer's own account. */
async function calendar(members: object = {}): Promise<string> {
  const provider = await provideSignIn(scene)
  const wanted = { name: 'Read the calendar', providerId: provider.id, mode: 'external_oauth', ...members } as const
  return (await scene.credence.capabilities.create(wanted)).capability.id
}

let customers = 0
const newCustomer = (): string => `id:customer-${++customers}`

describe('OAuth2 with external OAuth', () => {
  test('[S0-7] [S0-11] start → link → six digits in the chat → the capability acts with the own account of the customer', async () => {
    const id = await calendar()
    const user = newCustomer()
    const asked = await refusalOf(scene.credence.forUser(user).fetch(id, '/events'))
    expect([asked.code, asked.facts]).toEqual(['CONNECT_REQUIRED', { capability_id: id, start: `POST /v1/capabilities/${id}/connect` }])
    const grant = await scene.credence.capabilities.connect(id, { user })
    expect(grant.session).toMatchObject({ state: 'open', confirm: 'code', capabilityId: id })
    const waiting = grant.wait({ timeoutMs: 60_000 })
    const page = await signIn(scene, grant.link)
    expect(await code(scene.credence.forUser(user).fetch(id, '/events'))).toBe('CONNECT_REQUIRED')
    const credential = await grant.confirm(digitsOn(page))
    expect(await waiting).toMatchObject({ state: 'connected', credentialId: credential.id })
    expect((await scene.credence.forUser(user).fetch(id, '/events')).status).toBe(200)
    expect(scene.login.tokens()).toContain(scene.api.requests.at(-1)?.headers.authorization?.replace('Bearer ', ''))
    expect(await scene.credence.capabilities.get(id)).toMatchObject({ customers: 1 })
  })

  test('[S0-7] [S0-15] a second conversation of the same customer does not ask again, and another customer has a grant of his own', async () => {
    const id = await calendar()
    const [ann, bob] = [newCustomer(), newCustomer()]
    const first = await converse(scene, await scene.credence.capabilities.connect(id, { user: ann }))
    const again = await scene.credence.capabilities.connect(id, { user: ann })
    expect([again.link, again.session.state, again.session.credentialId]).toEqual([undefined, 'connected', first])
    expect(await again.wait({ timeoutMs: 1000 })).toMatchObject({ state: 'connected', credentialId: first })
    expect(await code(scene.credence.forUser(bob).fetch(id, '/events'))).toBe('CONNECT_REQUIRED')
    const second = await converse(scene, await scene.credence.capabilities.connect(id, { user: bob }))
    expect(second).not.toBe(first)
    for (const user of [ann, bob]) expect((await scene.credence.forUser(user).fetch(id, '/events')).status).toBe(200)
    expect(await code(scene.credence.forUser(bob).fetch(first, '/events', { capability: id }))).toBe('NOT_FOUND')
  })

  test('[S0-7] goes on by its id at another replica, ends at the timeout of the wait without ending itself, and can be cancelled', async () => {
    const id = await calendar()
    const user = newCustomer()
    const started = await scene.credence.capabilities.connect(id, { user })
    const resumed = await scene.credence.capabilities.resume(started.id)
    expect(await resumed.wait({ timeoutMs: 1 })).toMatchObject({ state: 'open' })
    const gone = new AbortController()
    const given = resumed.wait({ timeoutMs: 60_000, signal: gone.signal })
    gone.abort()
    await expect(given).rejects.toThrow()
    expect((await resumed.cancel()).state).toBe('cancelled')
    expect((await started.wait({ timeoutMs: 60_000 })).state).toBe('cancelled')
    const opened = await scene.person.open(started.link ?? '')
    expect(opened.forms.some((form) => form.action.endsWith('/grant'))).toBe(false)
  })

  test('[S0-7] over gRPC: start, wait, complete by the digits alone', async () => {
    const id = await calendar()
    const user = newCustomer()
    const grpc = await grpcOf(scene, 'gateway')
    const { session, link } = await grpc.gateway.createSession({ capabilityId: id, user })
    const digits = digitsOn(await signIn(scene, link))
    const done = await grpc.gateway.completeSession({ code: digits, user })
    expect(done.session).toMatchObject({ id: session?.id, state: 'connected', capabilityId: id })
    const waited = await grpc.gateway.waitSession({ sessionId: session?.id ?? '', timeoutMs: 1000 })
    expect(waited.session?.credentialId).toBe(done.credential?.id)
    grpc.close()
  })

  test('[S0-15] [S0-7] two conversations of one customer at once leave one credential', async () => {
    const id = await calendar()
    const user = newCustomer()
    const [one, two] = await Promise.all([1, 2].map(() => scene.credence.capabilities.connect(id, { user })))
    const [first, second] = [await signIn(scene, one?.link), await signIn(scene, two?.link)]
    const ends = await Promise.allSettled([one!.confirm(digitsOn(first)), two!.confirm(digitsOn(second))])
    const ids = new Set(ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value.id] : [])))
    expect(ids.size).toBe(1)
    expect((await scene.credence.forUser(user).fetch(id, '/events')).status).toBe(200)
    expect(await allOf(scene.credence.forUser(user).credentials.list())).toHaveLength(1)
  })

  test('[S0-7] [S2-9] a grant that is lost is asked for again: expired under the same id, deleted under another', async () => {
    const id = await calendar()
    const user = newCustomer()
    const ann = scene.credence.forUser(user)
    const first = await converse(scene, await ann.capabilities.connect(id))
    await loseGrant(scene, { owner: ann, capabilityId: id, credentialId: first })
    expect((await ann.credentials.get(first)).status).toBe('expired')
    const expired = await refusalOf(ann.fetch(id, '/events'))
    expect([expired.code, expired.credentialId]).toEqual(['CREDENTIAL_EXPIRED', first])
    expect(await converse(scene, await ann.capabilities.connect(id))).toBe(first)
    expect((await ann.fetch(id, '/events')).status).toBe(200)
    await ann.credentials.delete(first)
    expect(await code(ann.fetch(id, '/events'))).toBe('CONNECT_REQUIRED')
    const second = await converse(scene, await ann.capabilities.connect(id))
    expect(second).not.toBe(first)
    expect((await ann.fetch(id, '/events')).status).toBe(200)
  }, 90_000)

  test('[S0-13] [S0-15] what was granted behind a gate is used through the capability alone, also when it is made a gate later or deleted', async () => {
    const id = await calendar()
    const user = newCustomer()
    const ann = scene.credence.forUser(user)
    const credential = await converse(scene, await ann.capabilities.connect(id))
    expect((await ann.fetch(credential, '/events')).status).toBe(200)
    const { name, providerId, mode } = await scene.credence.capabilities.get(id)
    await scene.credence.capabilities.update(id, { name, providerId, mode, exclusive: true })
    const proxies = scene.platform.vaults ?? [scene.platform.data]
    const each = proxies.map((proxyUrl) => createCredence({ apiUrl: scene.platform.admin, proxyUrl, key: scene.key, user }))
    for (const one of each) expect(await code(one.fetch(credential, '/events'))).toBe('CAPABILITY_REQUIRED')
    for (const one of each) expect((await one.fetch(id, '/events')).status).toBe(200)
    const used = await refusalOf(scene.credence.capabilities.delete(id))
    expect([used.code, used.facts?.customers]).toEqual(['CAPABILITY_IN_USE', '1'])
    expect(await scene.credence.capabilities.delete(id, { force: true })).toMatchObject({ customers: 1 })
    for (const one of each) expect(await code(one.fetch(credential, '/events'))).toBe('CAPABILITY_REQUIRED')
    expect((await ann.credentials.get(credential)).status).toBe('active')
  })

  test('[S0-7] [S1-10] goes on with its way to sign in where a newer version of the provider has it, and says when that is gone', async () => {
    const id = await calendar()
    const { providerId } = await scene.credence.capabilities.get(id)
    const payload = JSON.parse((await scene.credence.providers.get(providerId)).payloadJson) as { auth_patterns: object[] }
    const bearer = { type: 'BEARER', fields: fields('token*') }
    await scene.credence.providers.update(providerId, { ...payload, auth_patterns: [bearer, ...payload.auth_patterns] })
    const user = newCustomer()
    await converse(scene, await scene.credence.capabilities.connect(id, { user }))
    expect((await scene.credence.forUser(user).fetch(id, '/events')).status).toBe(200)
    await scene.credence.providers.update(providerId, { ...payload, auth_patterns: [bearer] })
    expect(await code(scene.credence.capabilities.connect(id, { user: newCustomer() }))).toBe('INVALID_REQUEST')
  })

  test('[S0-7] [S1-7] asks for the scopes of the capability beside the required ones', async () => {
    const id = await calendar({ scopes: ['write'] })
    const grant = await scene.credence.capabilities.connect(id, { user: newCustomer() })
    const consent = await scene.person.open(grant.link ?? '')
    expect(consent.text).toMatch(/value="write"[^>]*checked|checked[^>]*value="write"/)
    await grant.cancel()
  })
})

describe('a conversation that cannot be', () => {
  test('[S0-7] for a capability that asks customers for nothing, with a provider beside it, for an unknown one', async () => {
    const provider = await provide(scene, { type: 'NONE' })
    const wanted = { name: 'Status', providerId: provider.id, mode: 'full_access' } as const
    const { capability } = await scene.credence.capabilities.create(wanted)
    expect(await code(scene.credence.capabilities.connect(capability.id, { user: newCustomer() }))).toBe('INVALID_REQUEST')
    const missing = `cap_${'0'.repeat(26)}`
    expect(await code(scene.credence.capabilities.connect(missing, { user: newCustomer() }))).toBe('NOT_FOUND')
    const both = { capabilityId: await calendar(), providerId: provider.id, user: newCustomer() }
    expect((await refusalOf(scene.credence.sessions.create(both as never))).errors[0]?.pointer).toBe('/provider_id')
    expect(await code(scene.credence.capabilities.connect(await calendar()))).toBe('USER_REQUIRED')
  })
})

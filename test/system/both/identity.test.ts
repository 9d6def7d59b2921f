import { createCredence, CredenceError, type NewCapability } from '@credence/sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { allOf } from '../../support/all-of.ts'
import { grpcOf } from '../../support/grpc-of.ts'
import { factOf, fields, leaksOf, provide, refusalOf, type Scene, startScene } from '../../support/scene.ts'

const ZIP = '94105'
const CANARIES = { email: 'canary.ann.7f3a@orders.example', order: 'CANARY-77-1001-XQ', wrong: 'canary.wrong.55aa@orders.example' }
const EMAIL = { name: 'email', question: 'Which address do you order with?' }
const ORDER = { name: 'order_number', question: 'What is the number of your order?' }
const ZIP_FACT = { name: 'zip', question: 'To which zip code is it sent?' }

let scene: Scene
beforeAll(async () => {
  scene = await startScene()
}, 120_000)
afterAll(() => scene.close())

const code = async (call: Promise<unknown>): Promise<string> => (await refusalOf(call)).code
/** Scope, unless the test is about others. */
let customers = 0
const customer = (): string => `id:customer-${++customers}`

interface Gated {
  readonly id: string
  readonly credentialId: string
  readonly wanted: NewCapability
}

async function gated(members: Partial<NewCapability> & Pick<NewCapability, 'security'>): Promise<Gated> {
  const provider = await provide(scene, { type: 'BEARER', fields: fields('token*') })
  const secret = { providerId: provider.id, fields: { token: `tok-${provider.id}` }, level: 'project' } as const
  const credentialId = (await scene.ann.credentials.create(secret)).id
  const wanted: NewCapability = { name: 'Look up an order', providerId: provider.id, mode: 'full_access', credentialId, ...members }
  const { capability } = await scene.credence.capabilities.create(wanted)
  return { id: capability.id, credentialId, wanted }
}

/** Each data listener there is, as the customer. */
function everywhere(user: string): ReturnType<typeof createCredence>[] {
  const proxies = scene.platform.vaults ?? [scene.platform.data]
  return proxies.map((proxyUrl) => createCredence({ apiUrl: scene.platform.admin, proxyUrl, key: scene.key, user }))
}

async function asked(user: string, id: string): Promise<NonNullable<CredenceError['identity']>> {
  const error = await refusalOf(scene.credence.forUser(user).fetch(id, '/orders/1'))
  expect([error.code, error.status]).toEqual(['IDENTITY_REQUIRED', 403])
  if (error.identity === undefined) throw new TypeError('it did not say what to ask')
  return error.identity
}

describe('a gate', () => {
  test('[S0-13] is shut before anything is sent, says what to ask, and opens for the right answers however they are written', async () => {
    const user = customer()
    const { id, credentialId } = await gated({ security: { level: 'strict', facts: [EMAIL, ORDER, ZIP_FACT] } })
    const facts = { email: CANARIES.email, order_number: ['9', CANARIES.order], zip: ZIP }
    await scene.credence.identity.records.put([{ user, facts }])
    const agent = scene.credence.forUser(user)
    const before = scene.api.requests.length
    const { challenge, ...rest } = await asked(user, id)
    expect(rest).toMatchObject({ facts: [EMAIL, ORDER, ZIP_FACT], attemptsLeft: 3, capabilityId: id, level: 'strict' })
    expect(rest.pageUrl).toMatch(new RegExp(`^http.*/identity/${challenge}$`))
    expect(await code(agent.fetch(credentialId, '/orders/1'))).toBe('CAPABILITY_REQUIRED')
    expect(scene.api.requests).toHaveLength(before)
    const said = { email: ` ${CANARIES.email.toUpperCase()} `, order_number: `# ${CANARIES.order.toLowerCase()}`, zip: '94105-1234' }
    const pass = await agent.identity.answer(challenge, said)
    expect(pass).toMatchObject({ id: expect.stringMatching(/^pass_/), capabilityId: id })
    for (const one of everywhere(user)) expect((await one.fetch(id, '/orders/1')).status).toBe(200)
  })
})

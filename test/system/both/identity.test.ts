import { type CredenceError, createCredence, type NewCapability } from '@credence/sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { allOf } from '../../support/all-of.ts'
import { grpcOf } from '../../support/grpc-of.ts'
import { restarted, startOnProfile } from '../../support/profile.ts'
import { fields, leaksOf, provide, refusalOf, type Scene, startScene } from '../../support/scene.ts'

const ZIP = '94105'
const CANARIES = { email: 'canary.ann.7f3a@orders.example', order: 'CANARY-77-1001-XQ', wrong: 'canary.wrong.55aa@orders.example' }
const EMAIL = { name: 'email', question: 'Which address do you order with?' }
const ORDER = { name: 'order_number', question: 'What is the number of your order?' }
const ZIP_FACT = { name: 'zip', question: 'To which zip code is it sent?' }

let scene: Scene
let settings: Parameters<typeof startOnProfile>[0]
beforeAll(async () => {
  scene = await startScene({
    start(options) {
      settings = options
      return startOnProfile(options)
    },
  })
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

describe('an answer', () => {
  test('[S0-13] that is wrong costs an attempt, does not say which fact was wrong, and after the last one none is taken', async () => {
    const user = customer()
    const { id } = await gated({ security: { level: 'strict', facts: [EMAIL, ZIP_FACT] } })
    await scene.credence.identity.records.put([{ user, facts: { email: CANARIES.email, zip: ZIP } }])
    const agent = scene.credence.forUser(user)
    const refusals: CredenceError[] = []
    let { challenge } = await asked(user, id)
    for (const answers of [
      { email: CANARIES.wrong, zip: ZIP },
      { email: CANARIES.email, zip: '94106' },
    ]) {
      const refused = await refusalOf(agent.identity.answer(challenge, answers))
      refusals.push(refused)
      challenge = refused.identity?.challenge ?? ''
    }
    const told = refusals.map(({ code: one, status, detail, identity }) => [one, status, detail, identity?.facts])
    expect(told[0]).toEqual(told[1])
    expect(refusals.map((one) => [one.code, one.identity?.attemptsLeft])).toEqual([
      ['IDENTITY_MISMATCH', 2],
      ['IDENTITY_MISMATCH', 1],
    ])
    const last = await refusalOf(agent.identity.answer(challenge, { email: CANARIES.wrong, zip: '1' }))
    expect([last.code, last.status]).toEqual(['IDENTITY_LOCKED', 429])
    expect(last.retryAfterMs).toBeGreaterThan(59 * 60_000)
    for (const one of everywhere(user)) expect(await code(one.fetch(id, '/orders/1'))).toBe('IDENTITY_LOCKED')
    const facts = (): unknown[] =>
      scene.events.filter(({ data }) => data.capability_id === id && data.level === 'strict').map(({ type }) => type.split('.').at(-1))
    await expect.poll(() => facts().filter((word) => word !== 'created')).toEqual(['failed', 'failed', 'failed', 'locked'])
    const outcomes = async (): Promise<unknown[]> =>
      (await allOf(scene.credence.history.list({ capabilityId: id }, { action: 'identity' }))).map((it) => it.outcome)
    expect(await outcomes()).toEqual(['IDENTITY_LOCKED', 'IDENTITY_MISMATCH', 'IDENTITY_MISMATCH'])
    expect(await allOf(scene.credence.history.list({ capabilityId: id }, { action: 'identity', search: user }))).toEqual([])
  })

  test('[S0-13] that misses a question, or answers another one, is refused without an attempt, and is not repeated', async () => {
    const user = customer()
    const { id } = await gated({ security: { level: 'basic', facts: [EMAIL] } })
    const agent = scene.credence.forUser(user)
    const { challenge } = await asked(user, id)
    for (const answers of [{}, { email: '' }, { email: CANARIES.wrong, zip: ZIP }, { email: 'x'.repeat(401) }, { [CANARIES.wrong]: 'x' }]) {
      const refused = await refusalOf(agent.identity.answer(challenge, answers as Record<string, string>))
      expect([refused.code, refused.errors[0]?.pointer.startsWith('/answers')]).toEqual(['INVALID_REQUEST', true])
      expect(JSON.stringify(refused)).not.toContain(CANARIES.wrong)
    }
    expect((await asked(user, id)).attemptsLeft).toBe(5)
  })

  test('[S0-13] to a challenge that was used, altered, or is of another customer or capability is refused', async () => {
    const [user, other] = [customer(), customer()]
    const security = { level: 'basic', facts: [ZIP_FACT] }
    const [{ id }, { id: second }] = [await gated({ security }), await gated({ security })]
    await scene.credence.identity.records.put([user, other].map((one) => ({ user: one, facts: { zip: ZIP } })))
    const agent = scene.credence.forUser(user)
    const { challenge } = await asked(user, id)
    const bent = `${challenge.slice(0, -8)}${challenge.at(-8) === 'A' ? 'B' : 'A'}${challenge.slice(-7)}`
    for (const one of [bent, '', 'x', challenge.slice(0, 40)])
      expect(await code(agent.identity.answer(one, { zip: ZIP }))).toBe('CHALLENGE_REFUSED')
    expect(await code(scene.credence.forUser(other).identity.answer(challenge, { zip: ZIP }))).toBe('CHALLENGE_REFUSED')
    expect(await code(scene.credence.identity.answer(challenge, { zip: ZIP }))).toBe('USER_REQUIRED')
    const { challenge: again } = (await refusalOf(agent.identity.answer(challenge, { zip: '1' }))).identity ?? { challenge: '' }
    expect(await code(agent.identity.answer(challenge, { zip: ZIP }))).toBe('CHALLENGE_REFUSED')
    await agent.identity.answer(again, { zip: ZIP })
    expect(await code(agent.identity.answer(again, { zip: ZIP }))).toBe('CHALLENGE_REFUSED')
    expect((await agent.fetch(id, '/orders/1')).status).toBe(200)
    expect((await asked(user, second)).attemptsLeft).toBe(5)
    expect((await asked(other, id)).attemptsLeft).toBe(5)
  })

  test('[S0-13] of 1,000 guesses of a zip at once, with one challenge and with ever new ones, as many are compared as there are attempts', async () => {
    const user = customer()
    const { id } = await gated({ security: { level: 'basic', facts: [ZIP_FACT] } })
    await scene.credence.identity.records.put([{ user, facts: { zip: '00999' } }])
    const agent = scene.credence.forUser(user)
    const outcomes: string[] = []
    const guess = async (challenge: string, n: number): Promise<void> =>
      void outcomes.push(
        await agent.identity.answer(challenge, { zip: String(n).padStart(5, '0') }).then(
          () => 'passed',
          (error: CredenceError) => error.code,
        ),
      )
    let next = 0
    const { challenge } = await asked(user, id)
    await Promise.all(Array.from({ length: 200 }, () => guess(challenge, next++)))
    const guesser = async (): Promise<void> => {
      while (next < 1000) {
        const n = next++
        const error = await agent.fetch(id, '/orders/1').then(
          () => undefined,
          (thrown: CredenceError) => thrown,
        )
        if (error?.identity === undefined) outcomes.push(error?.code ?? 'passed')
        else await guess(error.identity.challenge, n)
      }
    }
    await Promise.all(Array.from({ length: 8 }, guesser))
    const count = (code: string): number => outcomes.filter((one) => one === code).length
    expect(outcomes).toHaveLength(1000)
    expect(count('passed')).toBe(0)
    const compared = (await allOf(scene.credence.history.list({ capabilityId: id }, { action: 'identity' }))).length
    expect(compared).toBeLessThanOrEqual(5)
    expect(count('IDENTITY_MISMATCH')).toBeLessThanOrEqual(4)
    expect(count('IDENTITY_MISMATCH') + count('IDENTITY_LOCKED') + count('CHALLENGE_REFUSED')).toBe(1000)
  }, 120_000)
})

describe('a pass', () => {
  async function passed(level = 'basic'): Promise<Gated & { user: string; passId: string }> {
    const user = customer()
    const facts = level === 'basic' ? [ZIP_FACT] : [ZIP_FACT, EMAIL]
    const made = await gated({ security: { level, facts } })
    await scene.credence.identity.records.put([{ user, facts: { zip: ZIP, email: CANARIES.email } }])
    const { challenge } = await asked(user, made.id)
    const answers = level === 'basic' ? { zip: ZIP } : { zip: ZIP, email: CANARIES.email }
    const { id: passId } = await scene.credence.forUser(user).identity.answer(challenge, answers)
    return { ...made, user, passId }
  }

  test('[S0-13] is of one customer and one capability, is listed with its end, and is gone everywhere when it is revoked', async () => {
    const { id, user, passId } = await passed()
    for (const one of everywhere(user)) expect((await one.fetch(id, '/orders/1')).status).toBe(200)
    expect(await code(scene.credence.forUser(customer()).fetch(id, '/orders/1'))).toBe('IDENTITY_REQUIRED')
    const [listed, ...others] = await allOf(scene.credence.identity.passes.list({ capabilityId: id }))
    expect([listed?.id, others]).toEqual([passId, []])
    expect((listed?.expiresAt?.getTime() ?? 0) - (listed?.grantedAt?.getTime() ?? 0)).toBe(30 * 60_000)
    expect((await allOf(scene.credence.forUser(user).identity.passes.list())).map((it) => it.id)).toEqual([passId])
    await scene.credence.identity.passes.revoke(passId)
    for (const one of everywhere(user)) expect(await code(one.fetch(id, '/orders/1'))).toBe('IDENTITY_REQUIRED')
    expect(await allOf(scene.credence.identity.passes.list({ capabilityId: id }))).toEqual([])
    expect(await code(scene.credence.identity.passes.revoke(passId))).toBe('NOT_FOUND')
  })

  test('[S0-13] ends when the capability asks for something else, and not when it asks in other words', async () => {
    const { id, user, wanted } = await passed()
    const words = { level: 'basic', facts: [{ ...ZIP_FACT, question: 'Your zip, please?' }] }
    await scene.credence.capabilities.update(id, { ...wanted, security: words })
    for (const one of everywhere(user)) expect((await one.fetch(id, '/orders/1')).status).toBe(200)
    // As it is answered, with the kinds that follow from the names: whoever reads, changes a word and saves ends nothing.
    const { security } = await scene.credence.capabilities.get(id)
    await scene.credence.capabilities.update(id, { ...wanted, description: 'For the shop', security })
    for (const one of everywhere(user)) expect((await one.fetch(id, '/orders/1')).status).toBe(200)
    const { challenge } = await asked(customer(), id)
    await scene.credence.capabilities.update(id, { ...wanted, security: { level: 'basic', facts: [EMAIL, ZIP_FACT] } })
    for (const one of everywhere(user)) expect(await code(one.fetch(id, '/orders/1'))).toBe('IDENTITY_REQUIRED')
    expect(await code(scene.credence.forUser(`id:customer-${customers}`).identity.answer(challenge, { zip: ZIP }))).toBe(
      'CHALLENGE_REFUSED',
    )
  })

  test('[S0-13] is asked for at every way in: REST, gRPC and the check of a call', async () => {
    const user = customer()
    const { id } = await gated({ security: { level: 'basic', facts: [ZIP_FACT] } })
    const vault = await grpcOf(scene, 'vault', user)
    const gateway = await grpcOf(scene, 'gateway', user)
    try {
      await gateway.gateway.putIdentityRecords({ records: [{ user, facts: { zip: { values: [Buffer.from(ZIP)] } } }] })
      const call = { credentialId: id, method: 'GET', path: '/orders/1' }
      const refused = (await vault.vault.check(call).catch((error: unknown) => error)) as { code: string; details: CredenceError }
      expect([refused.code, refused.details.identity]).toMatchObject([
        'IDENTITY_REQUIRED',
        { facts: [ZIP_FACT], attemptsLeft: 5, level: 'basic' },
      ])
      const challenge = refused.details.identity?.challenge ?? ''
      const { pass } = await gateway.gateway.answerIdentity({ challenge, answers: { zip: Buffer.from(ZIP) } })
      await vault.vault.check(call)
      expect((await gateway.gateway.listIdentityRecords({ user })).records).toMatchObject([{ facts: ['zip'] }])
      await grpcOf(scene, 'gateway').then(async (team) => {
        await team.gateway.revokePass({ passId: pass?.id ?? '' })
        expect(await team.gateway.deleteIdentityRecord({ user })).toMatchObject({ deleted: true })
        team.close()
      })
      await expect(vault.vault.check(call)).rejects.toMatchObject({ code: 'IDENTITY_REQUIRED' })
    } finally {
      vault.close()
      gateway.close()
    }
  })
})

describe('records', () => {
  test('[S0-13] are pushed in bulk, listed by customer and fact names only, merged, replaced and deleted', async () => {
    const users = [customer(), customer(), customer()]
    const { records } = scene.credence.identity
    const ids = await records.put(users.map((user) => ({ user, facts: { zip: ZIP, email: CANARIES.email } })))
    const [user = '', , third = ''] = users
    expect(ids).toHaveLength(3)
    expect((await allOf(records.list())).filter((it) => ids.includes(it.user)).map((it) => it.facts)).toEqual([
      ['zip', 'email'],
      ['zip', 'email'],
      ['zip', 'email'],
    ])
    await records.put([{ user, facts: { order_number: CANARIES.order } }], { merge: true })
    expect((await allOf(records.list({ user }))).map((it) => it.facts)).toEqual([['zip', 'email', 'order_number']])
    await records.put([{ user, facts: { zip: '10115' } }])
    expect((await allOf(records.list({ user }))).map((it) => it.facts)).toEqual([['zip']])
    expect(await records.delete(third, { facts: ['email'] })).toBe(true)
    expect((await allOf(records.list({ user: third }))).map((it) => it.facts)).toEqual([['zip']])
    expect(await records.delete(third)).toBe(true)
    expect(await records.delete(third)).toBe(false)
    expect(await allOf(records.list({ user: third }))).toEqual([])
  })

  test('[S0-13] that cannot be are refused whole, without the values in the refusal', async () => {
    const user = customer()
    const bad = [
      { user: 'email:nobody', facts: { zip: ZIP } },
      { user, facts: { 'Not a name': CANARIES.wrong } },
      { user, facts: { zip: CANARIES.wrong.repeat(20) } },
      { user, facts: { zip: ' \u200b' } },
    ]
    for (const record of bad) {
      const refused = await refusalOf(scene.credence.identity.records.put([{ user: customer(), facts: { zip: ZIP } }, record]))
      expect([refused.code, refused.errors[0]?.pointer.startsWith('/records/1')]).toEqual(['INVALID_REQUEST', true])
      expect(JSON.stringify(refused)).not.toContain(CANARIES.wrong)
    }
    expect(await code(scene.credence.identity.records.put([]))).toBe('INVALID_REQUEST')
    expect(await code(scene.credence.identity.records.put([{ user, facts: { zip: 94105 as unknown as string } }]))).toBe('INVALID_REQUEST')
    expect(await code(allOf(scene.credence.identity.records.list({ user: 'nobody at all\u0000' })))).toBe('INVALID_REQUEST')
  })

  test('[S0-13] may be pushed and revoked by the team alone', async () => {
    const { secret: key } = await scene.credence.keys.create({ label: 'agent', scopes: ['use', 'act_for'] })
    const agent = createCredence({ apiUrl: scene.platform.admin, proxyUrl: scene.platform.data, key, user: customer() })
    expect(await code(agent.identity.records.put([{ user: customer(), facts: { zip: ZIP } }]))).toBe('SCOPE_REQUIRED')
    expect(await code(allOf(agent.identity.records.list()))).toBe('SCOPE_REQUIRED')
    expect(await code(agent.identity.records.delete(customer()))).toBe('SCOPE_REQUIRED')
    expect(await code(agent.identity.passes.revoke(`pass_${'0'.repeat(26)}`))).toBe('SCOPE_REQUIRED')
    expect(await code(allOf(agent.identity.passes.list({ user: customer() })))).toBe('SCOPE_REQUIRED')
    expect(await allOf(agent.identity.passes.list())).toEqual([])
  })
})

describe('a lookup', () => {
  const LOOKUP = {
    path: '/records/{{order_number}}?for={{user.id}}',
    match: [
      { fact: 'order_number', pointer: '/number' },
      { fact: 'zip', pointer: '/shipping/zip' },
    ],
  }
  const security = (members: object = {}): NonNullable<NewCapability['security']> => ({
    level: 'strict',
    facts: [ORDER, ZIP_FACT],
    lookup: { ...LOOKUP, ...members },
  })
  const answers = { order_number: '#A-1001', zip: '94105 1234' }

  /** What the team's API says of the path that begins so, for as long as the work lasts. */
  async function answering(
    beginning: string,
    answer: { status: number; body: object } | undefined,
    work: () => Promise<void>,
  ): Promise<void> {
    scene.api.accept(({ received: { path } }) => (path.startsWith(beginning) && answer !== undefined ? answer : true))
    await work().finally(() => scene.api.accept(() => true))
  }

  test('[S0-13] asks the team’s own API with the team’s credential, for what the customer said, and forgets it', async () => {
    const user = customer()
    const { id } = await gated({ security: security() })
    const agent = scene.credence.forUser(user)
    const body = { number: 'a1001', shipping: { zip: 94105 }, other: CANARIES.email }
    await answering('/records/', { status: 200, body }, async () => {
      const { challenge } = await asked(user, id)
      await agent.identity.answer(challenge, answers)
      const sent = scene.api.requests.at(-1)
      expect([sent?.path, sent?.headers.authorization]).toEqual([
        `/records/A-1001?for=${user.slice(3)}`,
        expect.stringMatching(/^Bearer tok-/),
      ])
    })
    for (const one of everywhere(user)) expect((await one.fetch(id, '/orders/1')).status).toBe(200)
  })

  test.each([
    ['a record that says something else', { status: 200, body: { number: 'A1001', shipping: { zip: '10115' } } }],
    ['a record without the fact', { status: 200, body: { number: 'A1001' } }],
    ['no record', { status: 404, body: {} }],
  ])('[S0-13] that finds %s is a wrong answer', async (_, answer) => {
    const user = customer()
    const { id } = await gated({ security: security() })
    const { challenge } = await asked(user, id)
    await answering('/records/', answer, async () => {
      const refused = await refusalOf(scene.credence.forUser(user).identity.answer(challenge, answers))
      expect([refused.code, refused.identity?.attemptsLeft]).toEqual(['IDENTITY_MISMATCH', 2])
    })
  })

  test('[S0-13] of several records wants all facts in one of them', async () => {
    const user = customer()
    const { id } = await gated({ security: security({ records: '/orders' }) })
    const orders = [
      { number: 'A1001', shipping: { zip: '10115' } },
      { number: 'A1002', shipping: { zip: '94105' } },
    ]
    const agent = scene.credence.forUser(user)
    let { challenge } = await asked(user, id)
    await answering('/records/', { status: 200, body: { orders } }, async () => {
      challenge = (await refusalOf(agent.identity.answer(challenge, answers))).identity?.challenge ?? ''
    })
    await answering(
      '/records/',
      { status: 200, body: { orders: [...orders, { number: 'A1001', shipping: { zip: '94105' } }] } },
      async () => {
        await agent.identity.answer(challenge, answers)
      },
    )
  })

  test.each([
    ['times out', '/never/{{order_number}}'],
    ['is cut', '/cut/{{order_number}}'],
    ['fails', '/status/503?q={{order_number}}'],
    ['is refused', '/status/401?q={{order_number}}'],
    ['leads elsewhere', '/status/302?q={{order_number}}'],
    ['answers nonsense', '/binary?q={{order_number}}'],
  ])(
    '[S0-13] that %s leaves the gate shut and costs no attempt',
    async (_, path) => {
      const user = customer()
      const { id } = await gated({ security: security({ path }) })
      const agent = scene.credence.forUser(user)
      const { challenge } = await asked(user, id)
      const refused = await refusalOf(agent.identity.answer(challenge, answers))
      expect([refused.code, refused.status]).toEqual(['RECORDS_UNAVAILABLE', 503])
      expect(refused.retryAfterMs).toBeGreaterThan(0)
      expect(refused.identity?.attemptsLeft).toBe(3)
      expect((await asked(user, id)).attemptsLeft).toBe(3)
      expect(await code(agent.fetch(id, '/orders/1'))).toBe('IDENTITY_REQUIRED')
    },
    30_000,
  )

  test('[S0-13] that fails again and again is not made as often as somebody tries, and still costs no attempt', async () => {
    const user = customer()
    const { id } = await gated({ security: security({ path: '/status/503?again={{order_number}}' }) })
    const agent = scene.credence.forUser(user)
    const lookups = (): number => scene.api.requests.filter(({ path }) => path.includes('again=')).length
    const made: number[] = []
    // Each pause is longer than the one before: on no machine are all of these tries so far apart.
    for (let n = 0; n < 8; n++) {
      const before = lookups()
      const { challenge } = await asked(user, id)
      const refused = await refusalOf(agent.identity.answer(challenge, answers))
      expect([refused.code, refused.status, refused.identity?.attemptsLeft]).toEqual(['RECORDS_UNAVAILABLE', 503, 3])
      made.push(lookups() - before)
    }
    expect(made.slice(0, 3)).toEqual([1, 1, 1])
    expect(made).toContain(0)
  })

  test('[S0-13] cannot be led to another path by what a customer says', async () => {
    const { id } = await gated({ security: security() })
    for (const order_number of ['../admin', '..', 'x/../../admin?all=1#', '%2e%2e/admin']) {
      const user = customer()
      const { challenge } = await asked(user, id)
      const before = scene.api.requests.length
      await answering('/records/', { status: 404, body: {} }, async () => {
        await scene.credence
          .forUser(user)
          .identity.answer(challenge, { order_number, zip: ZIP })
          .catch(() => undefined)
      })
      for (const { path } of scene.api.requests.slice(before)) expect(path).toMatch(/^\/records\/[^/?]+\?for=/)
    }
  })

  test('[S0-13] that is declared wrongly is refused with every fault at once', async () => {
    const wrong = { method: 'DELETE', path: 'records/{{pin}}', records: 'orders', match: [{ fact: 'zip', pointer: 'zip' }] }
    const refused = await gated({ security: security(wrong) }).catch((error: unknown) => error)
    const pointers = (refused as CredenceError).errors.map(({ pointer }) => pointer.replace('/security/lookup', ''))
    expect(new Set(pointers)).toEqual(new Set(['/method', '/path', '/records', '/match/0/pointer', '/match']))
  })
})

test('[S0-13] [S2-19] no fact that was pushed, looked up or answered stands anywhere: files, facts, logs, answers', async () => {
  const user = customer()
  const { id } = await gated({ security: { level: 'strict', facts: [EMAIL, ORDER] } })
  await scene.credence.identity.records.put([{ user, facts: { email: CANARIES.email, order_number: CANARIES.order } }])
  const agent = scene.credence.forUser(user)
  const { challenge } = await asked(user, id)
  const refused = await refusalOf(agent.identity.answer(challenge, { email: CANARIES.wrong, order_number: CANARIES.order }))
  await agent.identity.answer(refused.identity?.challenge ?? '', { email: CANARIES.email, order_number: CANARIES.order })
  const history = JSON.stringify(await allOf(scene.credence.history.list({ capabilityId: id })))
  const seen = {
    history,
    refused: JSON.stringify({ ...refused, message: refused.message }),
    records: JSON.stringify(await allOf(scene.credence.identity.records.list())),
  }
  expect(await leaksOf(scene, CANARIES, seen)).toEqual([])
})

test('[S0-13] a crash in the middle takes no attempt back, ends no pass, and keeps the records', async () => {
  const [user, other] = [customer(), customer()]
  const { id } = await gated({ security: { level: 'basic', facts: [ZIP_FACT] } })
  await scene.credence.identity.records.put([user, other].map((one) => ({ user: one, facts: { zip: ZIP } })))
  await scene.credence.forUser(other).identity.answer((await asked(other, id)).challenge, { zip: ZIP })
  const { challenge } = await asked(user, id)
  const wrong = await refusalOf(scene.credence.forUser(user).identity.answer(challenge, { zip: '1' }))
  const platform = await restarted(scene.platform, settings)
  try {
    const credence = createCredence({ apiUrl: platform.admin, proxyUrl: platform.data, key: scene.key })
    const agent = credence.forUser(user)
    expect((await credence.forUser(other).fetch(id, '/orders/1')).status).toBe(200)
    const again = await refusalOf(agent.fetch(id, '/orders/1'))
    expect([again.code, again.identity?.attemptsLeft]).toEqual(['IDENTITY_REQUIRED', 4])
    // A gateway takes a moment to find the verifier again: what it could not send was no attempt.
    const outcomeOf = (one: string): Promise<string> =>
      agent.identity.answer(one, { zip: ZIP }).then(
        () => 'passed',
        (error: CredenceError) => error.code,
      )
    await expect.poll(() => outcomeOf(challenge), { timeout: 30_000 }).toBe('CHALLENGE_REFUSED')
    const next = wrong.identity?.challenge ?? ''
    await expect.poll(() => outcomeOf(next).then((outcome) => outcome !== 'UNAVAILABLE' && outcome), { timeout: 30_000 }).toBe('passed')
    expect((await agent.fetch(id, '/orders/1')).status).toBe(200)
  } finally {
    if (platform !== scene.platform) await platform.stop()
  }
}, 120_000)

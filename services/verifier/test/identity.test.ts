import { CodedError, isCoded } from '@credence/errors'
import { createLogger, systemRandom } from '@credence/service'
import { openSqliteStore } from '@credence/store'
import { TestClock, tempHome } from '@credence/testkit'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { answerIdentity } from '../src/identity/answer-identity.ts'
import { CHALLENGE_LIFE_MS, openChallenges } from '../src/identity/challenge.ts'
import type { IdentityContext, MatchOrder, PassOrder } from '../src/identity/identity-context.ts'
import { openChallenge } from '../src/identity/open-challenge.ts'
import { listPasses, revokePass } from '../src/identity/passes.ts'
import { STANDING_COLLECTION, type Standing } from '../src/identity/standing.ts'

const PROJECT = `proj_${'0'.repeat(26)}`
const CAPABILITY = `cap_${'0'.repeat(26)}`
const ZIP = '94105'

const home = tempHome()
const clock = new TestClock()
let context: IdentityContext
let replica: IdentityContext
let compared: string[] = []
let told: PassOrder[] = []
/** What the vault does instead of comparing. */
let match: ((order: MatchOrder) => Promise<boolean>) | undefined
let version = 1
let users = 0
let user = ''

let store: Awaited<ReturnType<typeof openSqliteStore>>
beforeAll(async () => {
  store = await openSqliteStore({ file: `${home.path}/data.sqlite`, random: systemRandom })
  context = await contextOn()
  replica = await contextOn()
})
afterAll(async () => {
  await store.close()
  home.remove()
})
beforeEach(() => {
  ;[compared, told, match, version] = [[], [], undefined, 1]
  user = `usr_${String(++users).padStart(26, '0')}`
})

/** A verifier on the one store: what the other services answer is the matter of their own tests. */
async function contextOn(): Promise<IdentityContext> {
  return {
    standings: await store.collection<Standing>(STANDING_COLLECTION),
    challenges: await openChallenges({ store, random: systemRandom }),
    peers: {
      async gate(_project, { user: name }) {
        const facts = [{ name: 'zip', question: 'Which zip?', kind: 'postal_code' }]
        const words = { capabilityName: 'Orders', projectName: 'Desk', pageOnly: false, consent: { purpose: '', scopes: [] } }
        return { ...words, level: 'basic', version, facts, user: name, names: ['id:ann'] }
      },
      async match(_project, order) {
        if (match !== undefined) return match(order)
        const answer = Buffer.from(order.answers.zip ?? []).toString()
        compared.push(answer)
        return answer === ZIP
      },
      async setPass(_project, order) {
        told.push(order)
      },
      report: async () => undefined,
    },
    clock,
    random: systemRandom,
    log: createLogger({ service: 'verifier', level: 'silent' }),
    nudge: () => undefined,
  }
}

const agent = () => ({ project: PROJECT, subject: 'key_1', user, userNames: [], roles: [], scopes: ['use'], via: 'http' })
const open = async (at = context) => (await openChallenge(at, { project: PROJECT, capability: CAPABILITY, user })).challenge
const answer = (challenge: string, zip: string, at = context): Promise<string> =>
  answerIdentity(at, agent(), { challenge, answers: { zip: Buffer.from(zip) }, how: 'api' }).then(
    () => 'passed',
    (error: unknown) => (isCoded(error) ? error.code : String(error)),
  )

/** What the vault says whose lookup found out nothing. */
const unavailable = (): Promise<boolean> =>
  Promise.reject(new CodedError('RECORDS_UNAVAILABLE', undefined, { facts: { cause: 'upstream_timeout' } }))
const refusalOf = (challenge: string, at = context): Promise<CodedError> =>
  answerIdentity(at, agent(), { challenge, answers: { zip: Buffer.from(ZIP) }, how: 'api' }).then(
    () => Promise.reject(new TypeError('it was let through')),
    (error: unknown) => error as CodedError,
  )

describe('an attempt', () => {
  test('[S0-13] is one per challenge, also where both replicas get it a hundred times at once', async () => {
    const challenge = await open()
    const outcomes = await Promise.all(Array.from({ length: 100 }, (_, n) => answer(challenge, `1${n}`, n % 2 === 0 ? context : replica)))
    expect(compared).toHaveLength(1)
    expect(outcomes.filter((one) => one === 'CHALLENGE_REFUSED')).toHaveLength(99)
  })

  test('[S0-13] is counted before it is compared: who stops between has used it, and the last one has locked', async () => {
    match = () => Promise.reject(new CodedError('UNAVAILABLE'))
    for (let n = 0; n < 5; n++) expect(await answer(await open(), ZIP)).toBe('UNAVAILABLE')
    match = undefined
    const asked = await openChallenge(replica, { project: PROJECT, capability: CAPABILITY, user })
    expect([asked.attemptsLeft, asked.lockedUntil]).toEqual([0, new Date(clock.now() + 15 * 60_000)])
    expect(await answer(asked.challenge, ZIP)).toBe('IDENTITY_LOCKED')
    await clock.advance(15 * 60_000)
    expect(await answer(await open(), ZIP)).toBe('passed')
  })

  test('[S0-13] that could not be compared is given back as often as it happens, and its answer names the next challenge', async () => {
    match = unavailable
    let challenge = await open()
    for (let n = 0; n < 12; n++) {
      const { code, details } = await refusalOf(challenge)
      expect([code, details.identity?.attemptsLeft]).toEqual(['RECORDS_UNAVAILABLE', 5])
      expect(await answer(challenge, ZIP)).toBe('CHALLENGE_REFUSED')
      challenge = details.identity?.challenge ?? ''
      await clock.advance(details.retryAfterMs ?? 0)
    }
    match = undefined
    expect(await answer(challenge, ZIP)).toBe('passed')
  })

  test('[S0-13] waits after lookups that failed in a row, at both replicas, without a lookup and at no cost', async () => {
    let lookups = 0
    match = () => {
      lookups++
      return unavailable()
    }
    // Nobody who tries again at once has to wait for it.
    for (let n = 0; n < 3; n++) await refusalOf(await open(), n % 2 === 0 ? context : replica)
    expect(lookups).toBe(3)
    for (const [n, pause] of [5_000, 15_000, 60_000, 300_000, 300_000].entries()) {
      const challenge = await open()
      expect((await refusalOf(challenge)).details.retryAfterMs).toBe(pause)
      expect(await answer(challenge, ZIP)).toBe('CHALLENGE_REFUSED')
      await clock.advance(pause - 1)
      const early = (await refusalOf(await open(replica), replica)).details
      expect([early.facts?.cause, early.identity?.attemptsLeft]).toEqual(['failed_before', 5])
      expect(lookups).toBe(4 + n)
      await clock.advance(1)
    }
    match = undefined
    expect(await answer(await open(), ZIP)).toBe('passed')
  })

  test('[S0-13] that is compared ends the pauses, right or wrong, and so does a day without a try', async () => {
    const fail = async (): Promise<number | undefined> => {
      const { details } = await refusalOf(await open())
      await clock.advance(details.retryAfterMs ?? 0)
      return details.retryAfterMs
    }
    const pauses = async (): Promise<(number | undefined)[]> => {
      match = unavailable
      const all = [await fail(), await fail(), await fail(), await fail(), await fail()]
      match = undefined
      return all
    }
    const anew = [5_000, 5_000, 5_000, 5_000, 15_000]
    expect(await pauses()).toEqual(anew)
    expect(await answer(await open(), '10115')).toBe('IDENTITY_MISMATCH')
    expect(await pauses()).toEqual(anew)
    expect(await answer(await open(), ZIP)).toBe('passed')
    expect(await pauses()).toEqual(anew)
    await clock.advance(24 * 60 * 60_000)
    expect(await pauses()).toEqual(anew)
  })

  test('[S0-13] needs a challenge that is young, of this capability as it asks now, and of this customer', async () => {
    const old = await open()
    await clock.advance(CHALLENGE_LIFE_MS)
    expect(await answer(old, ZIP)).toBe('CHALLENGE_REFUSED')
    const before = await open()
    version = 2
    expect(await answer(before, ZIP)).toBe('CHALLENGE_REFUSED')
    const mine = await open()
    user = `usr_${'9'.repeat(26)}`
    expect(await answer(mine, ZIP)).toBe('CHALLENGE_REFUSED')
    expect(compared).toEqual([])
  })

  test('[S0-13] of many at once, each with a challenge of its own time, is never compared more often than there are attempts', async () => {
    const outcomes: string[] = []
    const guesser = async (at: IdentityContext): Promise<void> => {
      for (let n = 0; n < 40; n++) outcomes.push(await answer(await open(at), `2${n}`, at))
    }
    await Promise.all([context, replica, context, replica].map(guesser))
    expect(compared).toHaveLength(5)
    expect(outcomes).toHaveLength(160)
  })
})

describe('a pass', () => {
  test('[S0-13] is told to the vault under every name, with its end, and with a higher generation when it is revoked', async () => {
    expect(await answer(await open(), ZIP)).toBe('passed')
    const { found } = await listPasses(context, { project: PROJECT, capability: CAPABILITY, user, limit: 10, after: '' })
    const [standing] = found
    const expiresAt = new Date(clock.now() + 30 * 60_000)
    expect(told).toMatchObject([{ state: 'active', names: [user, 'id:ann'], generation: 1, pass: { version: 1, expiresAt } }])
    const id = standing?.pass.id ?? ''
    await expect(revokePass(context, { project: 'proj_other', actor: 'key_1', id })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await revokePass(replica, { project: PROJECT, actor: 'key_1', id })
    expect(told.at(-1)).toMatchObject({ state: 'revoked', generation: 2, pass: { id } })
    expect((await listPasses(context, { project: PROJECT, capability: '', user, limit: 10, after: '' })).found).toEqual([])
  })

  test('[S0-13] that the vault could not be told of is in the list until it was told that it is revoked', async () => {
    expect(await answer(await open(), ZIP)).toBe('passed')
    const query = { project: PROJECT, capability: '', user, limit: 10, after: '' }
    const id = (await listPasses(context, query)).found[0]?.pass.id ?? ''
    const away = { ...context, peers: { ...context.peers, setPass: () => Promise.reject(new CodedError('UNAVAILABLE')) } }
    await expect(revokePass(away, { project: PROJECT, actor: 'key_1', id })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect((await listPasses(context, query)).found).toHaveLength(1)
    await revokePass(context, { project: PROJECT, actor: 'key_1', id })
    expect((await listPasses(context, query)).found).toEqual([])
    await clock.advance(30 * 60_000)
    expect(await answer(await open(), ZIP)).toBe('passed')
    await clock.advance(30 * 60_000)
    expect((await listPasses(context, query)).found).toEqual([])
  })
})

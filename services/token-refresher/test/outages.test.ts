import { join } from 'node:path'
import { newId } from '@credence/credential'
import { DEFAULT_REFRESH_TIMES } from '@credence/refresh-protocol'
import { createLogger, systemRandom } from '@credence/service'
import { unmeasured } from '@credence/service/metrics'
import { type DocumentStore, openSqliteStore } from '@credence/store'
import { seededRandom, TestClock, tempHome } from '@credence/testkit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openClientLimits } from '../src/credential/client-limits.ts'
import { openClients } from '../src/credential/clients.ts'
import { healPlans } from '../src/credential/heal-plans.ts'
import { DUE_INDEX } from '../src/credential/plan.ts'
import { openPlans } from '../src/credential/plans.ts'
import type { Refresher } from '../src/credential/refresher.ts'
import { follow, runPlan } from '../src/credential/run-plan.ts'
import type { RefreshResult, TokenFacts } from '../src/credential/token-facts.ts'
import { CLIENT, PROJECT } from './fake-peers.ts'
import { HOUR, MINUTE } from './platform.ts'

const LIFE_MS = HOUR
/** `endsAt`: when it really ends, by a clock that nobody sets. */
type Token = TokenFacts & { readonly endsAt: number }
type Answer = RefreshResult['answer']

/** Grants of one client and the token endpoint behind them; what is due is done one after the other, hours in seconds. */
class Fleet {
  readonly clock: TestClock
  readonly tokens = new Map<string, Token>()
  readonly asked: number[] = []
  expired = 0
  /** The endpoint's answer; undefined: tokens. */
  answer: () => Answer = () => undefined
  readonly refresher: Refresher

  private constructor(parts: Pick<Refresher, 'plans' | 'clients' | 'random'>, clock: TestClock) {
    this.clock = clock
    const now = (): number => clock.now()
    this.refresher = {
      ...parts,
      limits: openClientLimits({ start: 8, most: 16, now, fraction: () => parts.random.fraction() }),
      vault: {
        tokens: async (ids) => ids.map((id) => this.tokens.get(id)!),
        page: async () => ({ tokens: [...this.tokens.values()], nextPageToken: '' }),
        refresh: async ({ credentialId }) => this.#refresh(credentialId),
      },
      registry: {
        markExpired: async () => {
          this.expired++
          return { reconnectUrl: '' }
        },
        reportHealth: async () => undefined,
      },
      times: DEFAULT_REFRESH_TIMES,
      metrics: unmeasured,
      publicUrl: 'https://credence.example',
      inFlight: new Set(),
      log: createLogger({ service: 'token-refresher', level: 'silent' }),
      now,
    }
  }

  static async start(store: DocumentStore, count: number): Promise<Fleet> {
    const clock = new TestClock()
    const random = { ...systemRandom, fraction: seededRandom(1).fraction }
    const plans = await openPlans({ store, clock, random, onChange: () => undefined })
    const fleet = new Fleet({ plans, clients: await openClients(store), random }, clock)
    const ids = Array.from({ length: count }, () => newId('cred', systemRandom.bytes))
    for (const id of ids) fleet.tokens.set(id, fleet.#token(id, 2))
    await follow(fleet.refresher, ids)
    return fleet
  }

  /** Does what comes due in this time, each at its own moment. */
  async pass(ms: number): Promise<void> {
    const end = this.clock.now() + ms
    for (;;) {
      const { docs } = await this.refresher.plans.collection.find(DUE_INDEX.name, { prefix: [], to: new Date(end), limit: 1 })
      const [plan] = docs
      if (plan === undefined) break
      await this.#until(plan.refreshAt!.getTime())
      await runPlan(this.refresher, plan.id)
    }
    await this.#until(end)
  }

  /** What a refresher does when it notices that its clock was set. */
  async jump(ms: number): Promise<void> {
    this.clock.jumpWall(ms)
    await healPlans(this.refresher, { pause: async () => undefined })
  }

  /** Tokens that still work. */
  get fresh(): number {
    return [...this.tokens.values()].filter(({ endsAt }) => endsAt > this.clock.monotonicMs()).length
  }

  async #until(at: number): Promise<void> {
    const ms = at - this.clock.now()
    if (ms > 0) await this.clock.advance(ms)
  }

  #refresh(id: string): RefreshResult {
    this.asked.push(this.clock.monotonicMs())
    const token = this.tokens.get(id)!
    const common = { refreshClass: 'static', openIntent: false, replay: false, clientChanged: false, askUser: false } as const
    const answer = this.answer()
    if (answer !== undefined) return { ...common, outcome: 'failed', version: token.version, answer }
    const next = this.#token(id, token.version + 1)
    this.tokens.set(id, next)
    return { ...common, outcome: 'refreshed', version: next.version, answer: { kind: 'tokens', status: 200, refreshToken: 'same' } }
  }

  #token(credentialId: string, version: number): Token {
    const now = this.clock.now()
    const times = { issuedAt: now, expiresAt: now + LIFE_MS, endsAt: this.clock.monotonicMs() + LIFE_MS }
    const about = { credentialId, project: PROJECT, version, clientId: CLIENT }
    return { ...about, ...times, state: 'active', refreshClass: 'static', hasRefreshToken: true }
  }
}

describe('a token endpoint and a clock that are not as they should be', () => {
  const home = tempHome()
  let store: DocumentStore
  beforeEach(async () => {
    store = await openSqliteStore({ file: join(home.path, `${Math.random()}.sqlite`), random: systemRandom })
  })
  afterEach(() => store.close())

  test('[S2-8] R21 six hours of 503 end no grant, are met with few requests, and all are fresh five minutes after', async () => {
    const fleet = await Fleet.start(store, 50)
    fleet.answer = () => ({ kind: 'error', status: 503, code: '' })
    await fleet.pass(6 * HOUR)
    // Twenty results open the breaker; from then on it lets one through in half a minute.
    expect(fleet.asked.length).toBeLessThanOrEqual(20 + 2 * 6 * 60)
    fleet.answer = () => undefined
    await fleet.pass(5 * MINUTE)
    expect([fleet.expired, fleet.fresh >= 0.95 * 50]).toEqual([0, true])
  }, 90_000)

  test.each([
    ['ninety seconds', 90_000],
    ['an hour', HOUR],
  ])(
    '[S2-8] R20 Retry-After of %s is kept by all grants of the client',
    async (_form, retryAfterMs) => {
      const fleet = await Fleet.start(store, 50)
      let throttledAt: number | undefined
      fleet.answer = () => {
        const now = fleet.clock.now()
        throttledAt ??= now
        return now < throttledAt + retryAfterMs ? { kind: 'error', status: 429, code: '', retryAfterMs } : undefined
      }
      await fleet.pass(2.5 * HOUR)
      const gap = fleet.asked[1]! - fleet.asked[0]!
      expect([gap >= retryAfterMs, fleet.expired, fleet.fresh]).toEqual([true, 0, 50])
    },
    60_000,
  )

  test('[B-1] [S2-9] an answer that a hint and a comparison bring at once is one suspicion, not its own confirmation', async () => {
    const fleet = await Fleet.start(store, 1)
    const [token] = fleet.tokens.values()
    const { credentialId, version } = token!
    const lastRefresh: RefreshResult = {
      outcome: 'failed',
      version,
      answer: { kind: 'error', status: 400, code: 'invalid_grant' },
      refreshClass: 'static',
      openIntent: false,
      replay: false,
      clientChanged: false,
      askUser: false,
      at: fleet.clock.now(),
    }
    fleet.tokens.set(credentialId, { ...token!, lastRefresh })
    await Promise.all(Array.from({ length: 4 }, () => follow(fleet.refresher, [credentialId])))
    const plan = await fleet.refresher.plans.get(credentialId)
    expect([plan?.state, plan?.failures.SUSPECT?.count, fleet.expired]).toEqual(['suspect', 1, 0])
  })

  test('[S2-8] R19 a clock that is set forth and back twenty times costs a refresh each time, and no token is kept beyond its end', async () => {
    const fleet = await Fleet.start(store, 20)
    let fresh = 20
    for (let jump = 0; jump < 20; jump++) {
      const isForth = jump % 2 === 0
      await fleet.jump(isForth ? HOUR : -HOUR)
      // Longer than a life, so that whoever believed the clock that was ahead would be late.
      for (let part = 0; part < (isForth ? 2 : 15); part++) {
        await fleet.pass(5 * MINUTE)
        fresh = Math.min(fresh, fleet.fresh)
      }
    }
    expect([fresh, fleet.expired]).toEqual([20, 0])
    expect(fleet.asked.length).toBeLessThanOrEqual(20 * (Math.ceil((10 * 85 * MINUTE) / (0.6 * LIFE_MS)) + 20))
  }, 60_000)
})

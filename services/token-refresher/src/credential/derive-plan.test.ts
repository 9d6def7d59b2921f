import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { derivePlan } from './derive-plan.ts'
import type { Plan } from './plan.ts'
import type { TokenFacts } from './token-facts.ts'

const HOUR = 3_600_000
const NOW = Date.UTC(2026, 0, 1)
const AT = { now: NOW, clientPaused: false, publicUrl: 'https://credence.example' }

const token = (over: Partial<TokenFacts> = {}): TokenFacts => ({
  credentialId: 'cred_a',
  project: 'proj_a',
  version: 1,
  state: 'active',
  refreshClass: 'strict',
  clientId: 'ocl_a',
  hasRefreshToken: true,
  issuedAt: NOW,
  expiresAt: NOW + HOUR,
  ...over,
})

/** The plan after these facts, one after the other. */
function after(...facts: readonly (TokenFacts | [TokenFacts, typeof AT])[]): Plan | undefined {
  return facts.reduce((plan: Plan | undefined, fact) => {
    const [one, at] = Array.isArray(fact) ? fact : [fact, AT]
    const change = derivePlan(plan, one, at)
    if (change.do === 'keep') return plan
    return change.do === 'write' ? change.plan : undefined
  }, undefined)
}

describe('the plan that follows from what the vault says', () => {
  test('[S2-8] the same facts a second time change nothing, whatever they are and whenever they come', () => {
    const facts = fc.record({
      version: fc.integer({ min: 1, max: 3 }),
      state: fc.constantFrom('active', 'expired', 'disabled', 'deleted'),
      hasRefreshToken: fc.boolean(),
      clientId: fc.constantFrom('ocl_a', undefined),
      issuedAt: fc.constantFrom(NOW, NOW - HOUR, undefined),
      expiresAt: fc.constantFrom(NOW + HOUR, NOW - 1, undefined),
      defaultLifeMs: fc.constantFrom(HOUR, undefined),
      grantEndsAt: fc.constantFrom(NOW - HOUR, NOW + 400 * HOUR, undefined),
    }) as fc.Arbitrary<Partial<TokenFacts>>
    const law = fc.property(fc.array(facts, { minLength: 1, maxLength: 4 }), fc.boolean(), fc.nat(HOUR), (told, clientPaused, later) => {
      const tokens = told.map((one) => [token(one), { ...AT, clientPaused }] as [TokenFacts, typeof AT])
      const plan = after(...tokens)
      const again = derivePlan(plan, tokens.at(-1)![0], { ...AT, now: NOW + later, clientPaused })
      const isLeftOver = plan?.kind === 'remind' && plan.refreshAt === undefined && plan.state === 'planned'
      // What only told of a recovery has nothing else to do, and goes.
      expect(again.do).toBe(isLeftOver ? 'remove' : 'keep')
    })
    fc.assert(law, { numRuns: 500 })
  })

  test('[S2-21] the known end of a grant is announced once, a week ahead, and again when it moves', () => {
    const day = 24 * HOUR
    const grantEndsAt = NOW + 30 * day
    const facts = { grantedAt: NOW, grantEndsAt }
    const at = (days: number) => ({ ...AT, now: NOW + days * day })
    const refreshed = (version: number, days: number, over: Partial<TokenFacts> = {}) =>
      token({ version, ...facts, issuedAt: NOW + days * day, expiresAt: NOW + (days + 1) * day, ...over })
    const early = after(refreshed(1, 0))!
    expect(early.remindedAt).toBeUndefined()
    const due = derivePlan(early, refreshed(2, 24), at(24))
    expect(due).toMatchObject({
      do: 'write',
      facts: [
        {
          type: 'credential.expiring',
          data: {
            version: 2,
            reason: 'lifetime_over',
            expires_at: new Date(grantEndsAt),
            reconnect_url: 'https://credence.example/r/cred_a',
          },
        },
      ],
    })
    const told = (due as { plan: Plan }).plan
    expect(derivePlan(told, refreshed(2, 24), at(24.1))).toEqual({ do: 'keep' })
    // The seconds that are left are a few more or less each time.
    expect(derivePlan(told, refreshed(3, 25, { grantEndsAt: grantEndsAt + 700 }), at(25))).not.toHaveProperty('facts')
    const moved = refreshed(3, 25, { grantEndsAt: grantEndsAt + day })
    expect(derivePlan(told, moved, at(25))).toMatchObject({ facts: [{ type: 'credential.expiring' }] })
  })

  test('[S2-21] a token that lives long is refreshed on the day on which the end of its grant is announced', () => {
    const day = 24 * HOUR
    const plan = after(token({ version: 2, grantedAt: NOW, grantEndsAt: NOW + 60 * day, expiresAt: NOW + 90 * day }))
    expect(plan?.refreshAt).toEqual(new Date(NOW + 53 * day))
  })

  test('[S2-8] a failure and its times stand when the same facts come again, and are forgotten with a new version', () => {
    const failures = { TRANSIENT: { count: 2, first: NOW, last: NOW } }
    const failing: Plan = { ...after(token())!, state: 'backing_off', refreshAt: new Date(NOW + 5), failures }
    expect(derivePlan(failing, token(), AT)).toEqual({ do: 'keep' })
    const next = derivePlan(failing, token({ version: 2 }), AT)
    expect(next).toMatchObject({ do: 'write', plan: { state: 'planned', failures: {}, version: 2 } })
  })

  test('[S2-8] a vault that was restored is followed, though its version is lower', () => {
    const plan = after(token({ version: 9 }))
    expect(derivePlan(plan, token({ version: 7 }), AT)).toMatchObject({ do: 'write', plan: { version: 7, state: 'planned' } })
  })

  test('[S2-9] only a newer secret in force ends a plan that was given up, and says that it recovered', () => {
    const lost = after(token({ state: 'expired', version: 2 }))!
    expect(lost).toMatchObject({ kind: 'given_up', state: 'expired' })
    for (const other of [{ version: 2 }, { version: 3, state: 'expired' }, { version: 3, state: 'disabled' }] as Partial<TokenFacts>[]) {
      expect(derivePlan(lost, token(other), AT)).toEqual({ do: 'keep' })
    }
    expect(derivePlan(lost, token({ version: 3 }), AT)).toMatchObject({ do: 'write', facts: [{ type: 'credential.recovered' }] })
  })

  test('[S2-9] a credential on its way to be given up that got a newer secret was never lost: nothing is told', () => {
    const onItsWay: Plan = { ...after(token())!, kind: 'given_up', state: 'planned' }
    const change = derivePlan(onItsWay, token({ version: 2 }), AT)
    expect(change).toMatchObject({ do: 'write', plan: { kind: 'refresh', state: 'planned' } })
    expect(change).not.toHaveProperty('facts')
  })

  test('[S2-8] what ends never and cannot be refreshed has no plan', () => {
    const key = token({ hasRefreshToken: false, clientId: undefined, issuedAt: undefined, expiresAt: undefined })
    expect(after(key)).toBeUndefined()
    expect(after(token(), key)).toBeUndefined()
  })

  test('[B-1] a hold for the operator outlasts the pause of its client', () => {
    const held: Plan = { ...after(token())!, state: 'paused', reason: 'client_changed', refreshAt: undefined }
    expect(derivePlan(held, token(), { ...AT, clientPaused: true })).toEqual({ do: 'keep' })
    expect(derivePlan(held, token(), AT)).toEqual({ do: 'keep' })
    expect(derivePlan(held, token({ version: 2 }), AT)).toMatchObject({ plan: { state: 'planned' } })
  })

  test('[S2-9] a failure that came during a pause is still to be judged after it; one from before a lost plan is not', () => {
    const result = { version: 1, outcome: 'failed', refreshClass: 'strict', openIntent: false, replay: false } as const
    const failed = token({ lastRefresh: { ...result, clientChanged: false, askUser: false, at: NOW + 5 } })
    const paused: Plan = { ...after(token())!, state: 'paused', reason: 'client_paused', refreshAt: undefined, judgedAt: new Date(NOW) }
    expect(derivePlan(paused, failed, AT)).toMatchObject({ plan: { state: 'planned', judgedAt: new Date(NOW) } })
    expect(derivePlan(undefined, failed, AT)).toMatchObject({ plan: { judgedAt: new Date(NOW + 5) } })
    const next = derivePlan(paused, { ...failed, version: 2 }, AT)
    expect(next.do === 'write' && next.plan.judgedAt).toBeUndefined()
  })

  test('[S2-8] a plan made anew counts its facts above those of the one that was lost', () => {
    expect(after(token())!.factSeq).toBe(Math.floor(NOW / 1000))
  })
})

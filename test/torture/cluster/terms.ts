import type { Random } from '@credence/service'
import { seededRandom } from '@credence/testkit'
import type { Exit } from '../../support/cluster.ts'
import { SERVER_CLASSES } from '../plan-kills.ts'
import type { Use } from '../use.ts'
import type { Account } from './accounts.ts'
import { type ClusterArena, VAULTS } from './arena.ts'
import { comeBack, type GrantEnd } from './come-back.ts'
import { holdRefreshes } from './hold-refreshes.ts'
import { judgeGrant } from './judge-grant.ts'
import type { Scenario, ScenarioReport } from './scenario.ts'
import { inArena } from './share-arena.ts'
import { stopRefresher } from './stop-refresher.ts'

const COME_BACK_MS = 5_000
const HELD_MS = 250
/** Every so many is a token-refresher, which needs tokens that come due. */
const REFRESHER_EVERY = 4

/** R31: a replica is asked to stop while tokens that it has spent are still to be answered. */
export const TERMS: Scenario = {
  name: 'terms',
  title: 'R31: a vault or token-refresher that is asked to stop ends its refreshes first; nothing is in doubt',
  smoke: 2,
  full: 100,
  run: (options) =>
    inArena(options, async (arena) => {
      const random = seededRandom(options.seed)
      const terms: Term[] = []
      for (let number = 1; number <= options.size; number++) {
        terms.push(
          await (number % REFRESHER_EVERY === 2
            ? stopRefresher(arena, Math.floor(number / REFRESHER_EVERY))
            : stopVault(arena, number % VAULTS, random)),
        )
        if (number % 10 === 0) options.note(`${number} stops`)
      }
      return judgeTerms(terms)
    }),
}

/** One stop and what came of the refreshes that it met. */
export interface Term {
  readonly service: string
  /** Refreshes under way in that replica at the signal. */
  readonly underWay: number
  readonly exit: Exit | undefined
  /** Of the calls under way. */
  readonly uses: readonly Use[]
  readonly ends: readonly GrantEnd[]
}

async function stopVault(arena: ClusterArena, vault: number, random: Random): Promise<Term> {
  const accounts: Account[] = await Promise.all(SERVER_CLASSES.map((serverClass) => arena.borrow(serverClass)))
  const { uses, held, release } = await holdRefreshes(arena, accounts, { vaults: [vault] })
  const ending = arena.cluster.end('vault', vault, 'SIGTERM')
  await new Promise((resolve) => setTimeout(resolve, random.fraction() * HELD_MS))
  await release()
  const exit = await ending
  const others = [0, 1, 2].filter((other) => other !== vault)
  const [answers, ends] = await Promise.all([uses, comeBack(arena, accounts, { vaults: others, withinMs: COME_BACK_MS })])
  await arena.cluster.start('vault', vault)
  return { service: `vault ${vault}`, underWay: held, exit, uses: answers, ends }
}

export function judgeTerms(terms: readonly Term[]): ScenarioReport {
  const faults = terms.flatMap(({ service, exit, uses, ends }, index) =>
    [
      ...(exit?.code === 0 ? [] : [`it ended with ${exit?.signal ?? exit?.code}`]),
      ...uses.flatMap(({ status, code }) => (status === 200 ? [] : [`a call under way got ${code ?? status}`])),
      ...ends.flatMap((end) => judgeGrant(end, 'none')),
    ].map((fault) => `stop ${index + 1} (${service}): ${fault}`),
  )
  return {
    planned: terms.length,
    injected: terms.filter(({ underWay }) => underWay > 0).length,
    faults,
    figures: {
      'refreshes under way': terms.reduce((sum, { underWay }) => sum + underWay, 0),
      'exit codes other than 0': terms.filter(({ exit }) => exit?.code !== 0).length,
      'in doubt': terms.flatMap(({ ends }) => ends.filter((end) => judgeGrant(end, 'none').length > 0)).length,
    },
  }
}

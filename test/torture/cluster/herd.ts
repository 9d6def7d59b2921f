import type { LedgerEntry } from '@credence/testkit'
import { refreshesOf } from '../kill.ts'
import { SERVER_CLASSES } from '../plan-kills.ts'
import { type Use, use } from '../use.ts'
import type { Account } from './accounts.ts'
import { type ClusterArena, VAULTS } from './arena.ts'
import type { Scenario, ScenarioReport } from './scenario.ts'
import { inArena } from './share-arena.ts'

const CALLERS = 50

/** R01: an access token has ended, and fifty callers find out at once, each at one of three vaults. */
export const HERD: Scenario = {
  name: 'herd',
  title: `R01: ${CALLERS} callers at ${VAULTS} vaults with an expired token make one token request, and all are answered`,
  smoke: 3,
  full: 200,
  run: (options) =>
    inArena(options, async (arena) => {
      const accounts = await Promise.all(SERVER_CLASSES.map((serverClass) => arena.borrow(serverClass)))
      const rounds: HerdRound[] = []
      for (let round = 0; round < options.size; round++) {
        rounds.push(await stampede(arena, accounts[round % accounts.length]!))
        if (rounds.length % 20 === 0) options.note(`${rounds.length} rounds`)
      }
      for (const account of accounts) arena.giveBack(account)
      return judgeHerd(rounds)
    }),
}

/** What the callers and the authorization server saw of one round. */
export interface HerdRound {
  readonly uses: readonly Use[]
  /** Refresh requests of the round. */
  readonly requests: readonly LedgerEntry[]
  /** The token was refused when the first of them came. */
  readonly isExpired: boolean
  readonly ms: number
}

async function stampede(arena: ClusterArena, { credentialId, serverClass, family }: Account): Promise<HerdRound> {
  const witness = arena.witness(serverClass)
  const before = witness.ledger().length - 1
  await witness.dropAccessTokens(family)
  const isExpired = witness.ledger().some(({ seq, kind }) => seq > before && kind === 'revoke')
  const from = performance.now()
  const uses = await Promise.all(Array.from({ length: CALLERS }, (_, i) => use({ credence: arena.at(i % VAULTS) }, credentialId)))
  const ms = Math.round(performance.now() - from)
  return { uses, isExpired, ms, requests: refreshesOf(witness.ledger(), family, before) }
}

export function judgeHerd(rounds: readonly HerdRound[]): ScenarioReport {
  const faults = rounds.flatMap(({ uses, requests, ms }, index) => {
    const refused = uses.filter(({ status }) => status !== 200)
    return [
      ...(requests.length === 1 ? [] : [`round ${index + 1}: ${requests.length} token requests`]),
      ...(refused.length === 0 ? [] : [`round ${index + 1}: ${refused.length} callers got ${wordOf(refused[0]!)} within ${ms} ms`]),
    ]
  })
  const times = rounds.map(({ ms }) => ms).sort((one, other) => one - other)
  return {
    planned: rounds.length,
    injected: rounds.filter(({ isExpired }) => isExpired).length,
    faults,
    figures: {
      'token requests': rounds.reduce((sum, { requests }) => sum + requests.length, 0),
      'calls answered': rounds.reduce((sum, { uses }) => sum + uses.filter(({ status }) => status === 200).length, 0),
      'ms for all in the median round': times[Math.floor(times.length / 2)] ?? 0,
    },
  }
}

const wordOf = ({ status, code = '' }: Use): string => (status === 0 ? code : String(status))

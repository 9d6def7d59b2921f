import type { Random } from '@credence/service'
import { type LedgerEntry, seededRandom } from '@credence/testkit'
import { refreshesOf } from '../kill.ts'
import { SERVER_CLASSES } from '../plan-kills.ts'
import { type Use, use } from '../use.ts'
import type { Account } from './accounts.ts'
import { type ClusterArena, VAULTS } from './arena.ts'
import { bend } from './hold-refreshes.ts'
import type { Scenario, ScenarioReport } from './scenario.ts'
import { inArena } from './share-arena.ts'

/** Who comes last comes so much later at most, and the answer later than that. */
const WITHIN_MS = 40
const ANSWER_MS = 60
/** With the certificate of the token-refresher, as its plan makes it: two of its replicas. */
const ORDERERS = 2

/** R09, R22: a call was refused and a plan has come due: both ask for a refresh of one version, at different vaults. */
export const RACES: Scenario = {
  name: 'races',
  title: 'R09, R22: calls and the schedule ask different vaults at the same time; each version is asked for once, nobody is called dead',
  smoke: 5,
  full: 200,
  run: (options) =>
    inArena(options, async (arena) => {
      const random = seededRandom(options.seed)
      const accounts = await Promise.all(SERVER_CLASSES.map((serverClass) => arena.borrow(serverClass)))
      const races: Race[] = []
      for (let number = 0; number < options.size; number++) {
        races.push(await race(arena, accounts[number % accounts.length]!, { first: number % VAULTS, random }))
        if (races.length % 25 === 0) options.note(`${races.length} races`)
      }
      await bend(arena, accounts, {})
      for (const account of accounts) arena.giveBack(account)
      return judgeRaces(races)
    }),
}

/** One version, and who asked for the next. */
export interface Race {
  readonly serverClass: string
  readonly before: number
  readonly after: number
  readonly uses: readonly Use[]
  /** What the vaults answered to the orders. */
  readonly orders: readonly string[]
  readonly requests: readonly LedgerEntry[]
  /** A call and an order had begun before anybody was answered. */
  readonly isRaced: boolean
  readonly isRevoked: boolean
  readonly status: string
}

async function race(
  arena: ClusterArena,
  account: Account,
  { first, random }: { readonly first: number; readonly random: Random },
): Promise<Race> {
  const { credentialId, serverClass, family } = account
  const witness = arena.witness(serverClass)
  const before = await arena.versionAt(first, account)
  const seq = witness.ledger().at(-1)?.seq ?? 0
  await witness.dropAccessTokens(family)
  await witness.behave({ delayMs: ANSWER_MS })
  const watch = new RaceWatch()
  const vault = (next: number): number => (first + next) % VAULTS
  const called = Array.from({ length: VAULTS }, (_, at) =>
    soon(random, () => watch.asked('call', use({ credence: arena.at(vault(at)) }, credentialId))),
  )
  const ordered = Array.from({ length: ORDERERS }, (_, at) =>
    soon(random, () => watch.asked('order', arena.order(vault(at + 1), account, before))).catch((error: unknown) => String(error)),
  )
  const [uses, orders] = await Promise.all([Promise.all(called), Promise.all(ordered)])
  const { status } = await arena.at(first).credentials.get(credentialId)
  const ledger = witness.ledger()
  return {
    serverClass,
    before,
    after: await arena.versionAt(first, account),
    uses,
    orders,
    requests: refreshesOf(ledger, family, seq),
    isRaced: watch.isRaced,
    isRevoked: ledger.some((entry) => entry.kind === 'family_revoked' && entry.family === family),
    status,
  }
}

/** Who has begun before the first was answered. */
class RaceWatch {
  readonly #begun = new Set<'call' | 'order'>()
  #isAnswered = false

  asked<T>(by: 'call' | 'order', answer: Promise<T>): Promise<T> {
    if (!this.#isAnswered) this.#begun.add(by)
    // Who is told that another vault is at it has not been answered.
    const note = (outcome: unknown): void => {
      if (outcome !== 'waiting') this.#isAnswered = true
    }
    answer.then(note, note)
    return answer
  }

  get isRaced(): boolean {
    return this.#begun.size === 2
  }
}

async function soon<T>(random: Random, act: () => Promise<T>): Promise<T> {
  await new Promise((resolve) => setTimeout(resolve, random.fraction() * WITHIN_MS))
  return act()
}

/** What a vault may say to whoever asks for a version that another vault refreshes, or has refreshed. */
const FINE = ['refreshed', 'moved', 'waiting', 'fresh']

export function judgeRaces(races: readonly Race[]): ScenarioReport {
  const faults = races.flatMap(({ serverClass, before, after, uses, orders, requests, isRevoked, status }, index) =>
    [
      ...(requests.length === 1 ? [] : [`${requests.length} token requests for version ${before}`]),
      ...(after === before + 1 ? [] : [`version ${before} became ${after}`]),
      ...uses.flatMap(({ status: answer, code }) => (answer === 200 ? [] : [`a call got ${code ?? answer}`])),
      ...orders.flatMap((order) => (FINE.includes(order) ? [] : [`an order got ${order}`])),
      ...(isRevoked ? ['the family was revoked'] : []),
      ...(status === 'active' ? [] : [`the credential is ${status}`]),
    ].map((fault) => `race ${index + 1} (${serverClass}): ${fault}`),
  )
  const count = (word: string): number => races.flatMap(({ orders }) => orders).filter((order) => order === word).length
  return {
    planned: races.length,
    injected: races.filter(({ isRaced }) => isRaced).length,
    faults,
    figures: {
      'token requests': races.reduce((sum, { requests }) => sum + requests.length, 0),
      'orders that found a refresh under way': count('waiting'),
      'orders that came first': count('refreshed'),
      'called dead': races.filter(({ status }) => status === 'expired').length,
    },
  }
}

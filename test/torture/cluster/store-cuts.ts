import { refreshesOf } from '../kill.ts'
import { SERVER_CLASSES } from '../plan-kills.ts'
import { use } from '../use.ts'
import type { Account } from './accounts.ts'
import { type ClusterArena, VAULTS } from './arena.ts'
import { comeBack, type GrantEnd } from './come-back.ts'
import { holdRefreshes } from './hold-refreshes.ts'
import { judgeGrant, replaysIn } from './judge-grant.ts'
import type { Scenario, ScenarioReport } from './scenario.ts'
import { SAVE_MS } from './settings.ts'
import { inArena } from './share-arena.ts'

const BEFORE_MS = 1_000
/** Within the time for saving, so that the vault saves by itself; and beyond it, so that the answer waits in the spill. */
const AT_SAVE_MS = { short: SAVE_MS / 2, long: SAVE_MS * 4 } as const
/** Of the cuts at a save: the spill is looked through every 30 s, so these take long. */
const LONG_EVERY = 5
/** What the drivers need to find the store again, and the sweep that saves what is spilled. */
const COME_BACK_MS = 60_000

/** R05, R06: vaults and refreshers lose the store, by turns before a token is sent and between its answer and the save. */
export const STORE: Scenario = {
  name: 'store',
  title: 'R05, R06: without the store no token is sent, and an answer that meets its loss is kept until it can be saved',
  smoke: 2,
  full: 50,
  run: (options) =>
    inArena(options, async (arena) => {
      const cuts: StoreCut[] = []
      for (let number = 0; number < options.size; number++) {
        const how = Math.floor(number / 2) % 2 === 0 ? 'refuse' : 'hang'
        const isLong = Math.floor(number / 2) % LONG_EVERY === LONG_EVERY - 1
        const accounts = await Promise.all(SERVER_CLASSES.map((serverClass) => arena.borrow(serverClass)))
        cuts.push(await (number % 2 === 0 ? cutBefore(arena, accounts, how) : cutAtSave(arena, accounts, { how, isLong })))
        if (cuts.length % 10 === 0) options.note(`${cuts.length} cuts`)
      }
      return judgeStoreCuts(cuts)
    }),
}

export interface StoreCut {
  readonly when: 'before the request' | 'at the save'
  readonly how: 'refuse' | 'hang'
  readonly isHit: boolean
  /** Token requests between cut and healing. */
  readonly requestsMeanwhile: number
  readonly ends: readonly GrantEnd[]
}

const EVERY_VAULT = Array.from({ length: VAULTS }, (_, vault) => vault)

/** The store is away when calls are refused by the API, and when the schedule asks. */
async function cutBefore(arena: ClusterArena, accounts: readonly Account[], how: StoreCut['how']): Promise<StoreCut> {
  const versions = await Promise.all(accounts.map((account) => arena.versionAt(0, account)))
  for (const { serverClass, family } of accounts) await arena.witness(serverClass).dropAccessTokens(family)
  arena.store.cut(how)
  const from = newest(arena, accounts)
  let through = 0
  const call = async (vault: number, { credentialId }: Account): Promise<void> => {
    const { status } = await use({ credence: arena.at(vault) }, credentialId)
    if (status === 200) through++
  }
  const asking = accounts.flatMap((account, index) =>
    EVERY_VAULT.flatMap((vault) => [call(vault, account), arena.order(vault, account, versions[index] ?? 0).catch(() => undefined)]),
  )
  await new Promise((resolve) => setTimeout(resolve, BEFORE_MS))
  const requestsMeanwhile = requestsSince(arena, accounts, from)
  const isHit = through === 0
  arena.store.heal()
  await Promise.all(asking)
  const ends = await comeBack(arena, accounts, { vaults: EVERY_VAULT, withinMs: COME_BACK_MS })
  return { when: 'before the request', how, isHit, requestsMeanwhile, ends }
}

/** The store goes when the tokens are spent, and before their answers arrive. */
async function cutAtSave(
  arena: ClusterArena,
  accounts: readonly Account[],
  { how, isLong }: { readonly how: StoreCut['how']; readonly isLong: boolean },
): Promise<StoreCut> {
  const { held, release, uses } = await holdRefreshes(arena, accounts, { vaults: EVERY_VAULT })
  arena.store.cut(how)
  const from = newest(arena, accounts)
  await release()
  await new Promise((resolve) => setTimeout(resolve, isLong ? AT_SAVE_MS.long : AT_SAVE_MS.short))
  const requestsMeanwhile = requestsSince(arena, accounts, from)
  arena.store.heal()
  await uses
  const ends = await comeBack(arena, accounts, { vaults: EVERY_VAULT, withinMs: COME_BACK_MS })
  return { when: 'at the save', how, isHit: held === accounts.length, requestsMeanwhile, ends }
}

const newest = (arena: ClusterArena, accounts: readonly Account[]): readonly number[] =>
  accounts.map(({ serverClass }) => arena.witness(serverClass).ledger().at(-1)?.seq ?? 0)

const requestsSince = (arena: ClusterArena, accounts: readonly Account[], from: readonly number[]): number =>
  accounts
    .map(({ serverClass, family }, index) => refreshesOf(arena.witness(serverClass).ledger(), family, from[index] ?? 0).length)
    .reduce((sum, count) => sum + count, 0)

export function judgeStoreCuts(cuts: readonly StoreCut[]): ScenarioReport {
  const ends = cuts.flatMap((cut) => cut.ends)
  return {
    planned: cuts.length,
    injected: cuts.filter(({ isHit }) => isHit).length,
    faults: cuts.flatMap(({ when, how, requestsMeanwhile, ends: own }, index) =>
      [
        ...(requestsMeanwhile === 0 ? [] : [`${requestsMeanwhile} token requests without a store`]),
        ...own.flatMap((end) => judgeGrant(end, when === 'at the save' ? 'ordered' : 'none')),
      ].map((fault) => `cut ${index + 1} (${when}, ${how}): ${fault}`),
    ),
    figures: {
      grants: ends.length,
      'token requests without a store': cuts.reduce((sum, { requestsMeanwhile }) => sum + requestsMeanwhile, 0),
      lost: ends.filter(({ proven }) => !proven).length,
      'second requests': ends.reduce((sum, end) => sum + replaysIn(end).length, 0),
    },
  }
}

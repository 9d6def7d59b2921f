import { SERVER_CLASSES } from '../plan-kills.ts'
import { use } from '../use.ts'
import type { Account } from './accounts.ts'
import type { ClusterArena } from './arena.ts'
import { comeBack } from './come-back.ts'
import { bend, letGo, untilHeld } from './hold-refreshes.ts'
import type { Term } from './terms.ts'

/** Refreshed at half of it, since it is short (REFRESH 4.5). */
const SHORT_LIFE_S = 4
const OF_EACH_CLASS = 2
const DUE_MS = 15_000
const GATHER_MS = 300
const COME_BACK_MS = 5_000
const MOST_TRIES = 4

/**
 * Stops a token-refresher while refreshes that came due wait for their answers. Which of the two has ordered them only their
 * logs tell, afterwards; when it was none of this one's, the other is stopped in the next ones.
 */
export async function stopRefresher(arena: ClusterArena, first: number): Promise<Term> {
  for (let left = MOST_TRIES; ; left--) {
    const term = await tryToStop(arena, (first + left) % 2)
    if (term.underWay > 0 || left === 1) return term
  }
}

async function tryToStop(arena: ClusterArena, number: number): Promise<Term> {
  const classes = SERVER_CLASSES.flatMap((serverClass) => Array.from({ length: OF_EACH_CLASS }, () => serverClass))
  const accounts = await Promise.all(classes.map((serverClass) => arena.borrow(serverClass)))
  const due = await shorten(arena, accounts)
  await bend(arena, accounts, { hold: true })
  await untilHeld(arena, due, { atLeast: 1, withinMs: DUE_MS })
  await untilHeld(arena, due, { atLeast: due.length, withinMs: GATHER_MS })
  const { process } = arena.cluster.replica('token-refresher', number)
  const before = endedIn(process.stdout() + process.stderr())
  const ending = arena.cluster.end('token-refresher', number, 'SIGTERM')
  await letGo(arena, accounts)
  const exit = await ending
  const underWay = endedIn(process.stdout() + process.stderr()) - before
  const ends = await comeBack(arena, due, { vaults: [0, 1, 2], withinMs: COME_BACK_MS })
  await arena.cluster.start('token-refresher', number)
  return { service: `token-refresher ${number}`, underWay, exit, uses: [], ends }
}

/** Gives each account an access token that soon comes due; what follows it is judged. */
async function shorten(arena: ClusterArena, accounts: readonly Account[]): Promise<Account[]> {
  await bend(arena, accounts, { expiresInS: SHORT_LIFE_S })
  for (const { serverClass, family } of accounts) await arena.witness(serverClass).dropAccessTokens(family)
  await Promise.all(accounts.map(({ credentialId }, index) => use({ credence: arena.at(index % 3) }, credentialId)))
  return accounts.map((account) => ({ ...account, seq: arena.witness(account.serverClass).ledger().at(-1)?.seq ?? 0 }))
}

const endedIn = (log: string): number => log.split('"refresh.ended"').length - 1

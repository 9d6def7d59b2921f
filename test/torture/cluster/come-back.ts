import type { LedgerEntry } from '@credence/testkit'
import { waitFor } from '../patience.ts'
import { prove } from '../recover.ts'
import { use } from '../use.ts'
import type { Account } from './accounts.ts'
import type { ClusterArena } from './arena.ts'

/** What became of a grant after a fault that must not cost it. */
export interface GrantEnd {
  readonly account: Pick<Account, 'serverClass' | 'family' | 'seq'>
  /** The newest entry when a call got through again, before the proof. */
  readonly endSeq: number
  /** Calls got through, and one more refresh did: the refresh token in the store is in force. */
  readonly proven: boolean
  /** As the platform calls it. */
  readonly status: string
  readonly ledger: readonly LedgerEntry[]
}

/** Calls at the vaults in turn until each account is usable, and proves it. Those that are go back to the others. */
export function comeBack(
  arena: ClusterArena,
  accounts: readonly Account[],
  { vaults, withinMs }: { readonly vaults: readonly number[]; readonly withinMs: number },
): Promise<GrantEnd[]> {
  let turn = 0
  const run = {
    get credence() {
      return arena.at(vaults[turn++ % vaults.length]!)
    },
  }
  return Promise.all(
    accounts.map(async (account) => {
      const witness = arena.witness(account.serverClass)
      const usable = await waitFor(withinMs, async () => (await use(run, account.credentialId)).status === 200 || undefined)
      const endSeq = witness.ledger().at(-1)?.seq ?? 0
      const proven = usable === true && (await prove(arena, run, account))
      const { status } = await arena.at(vaults[0]!).credentials.get(account.credentialId)
      if (proven) arena.giveBack(account)
      return { account, endSeq, proven, status, ledger: witness.ledger() }
    }),
  )
}

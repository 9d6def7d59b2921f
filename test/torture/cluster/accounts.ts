import type { Connected } from '../connect.ts'
import type { ServerClass } from '../plan-kills.ts'
import type { Witness } from '../witness.ts'

/** A connected credential; of its ledger only what comes after `seq` belongs to the fault that is judged. */
export type Account = Connected

/** Credentials are connected once and go from fault to fault, until one is lost. */
export interface Accounts {
  /** One that nobody else has now, in force and with nothing under way. */
  borrow(serverClass: ServerClass): Promise<Account>
  /** Proven usable. One that was lost is not given back. */
  giveBack(account: Account): void
}

export function keepAccounts(
  witness: (serverClass: ServerClass) => Witness,
  connect: (name: string, serverClass: ServerClass) => Promise<Connected>,
): Accounts {
  const idle: Account[] = []
  let connecting: Promise<unknown> = Promise.resolve()
  let count = 0
  const connectNext = async (serverClass: ServerClass): Promise<Connected> => {
    // One after the other: who signs in at a witness is a state of it. A replica may be killed under a person's feet.
    const made = connecting.then(async () => {
      for (let left = CONNECT_TRIES; ; left--) {
        const made = await connect(`account-${++count}`, serverClass).catch((error: unknown) => error)
        if (made instanceof Error === false) return made as Connected
        if (left === 1) throw made
      }
    })
    connecting = made.catch(() => undefined)
    return made
  }
  return {
    async borrow(serverClass) {
      const at = idle.findIndex((account) => account.serverClass === serverClass)
      const [found] = at === -1 ? [] : idle.splice(at, 1)
      const account = found ?? (await connectNext(serverClass))
      return { ...account, seq: witness(serverClass).ledger().at(-1)?.seq ?? 0 }
    },
    giveBack(account) {
      idle.push(account)
    },
  }
}

const CONNECT_TRIES = 3

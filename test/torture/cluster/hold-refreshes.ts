import { type Use, use } from '../use.ts'
import type { Account } from './accounts.ts'
import type { ClusterArena } from './arena.ts'

/** Refreshes whose tokens are spent and whose answers wait at the authorization servers. */
export interface HeldRefreshes {
  /** The calls that caused them. */
  readonly uses: Promise<readonly Use[]>
  /** How many wait; fewer than accounts: one did not come in time. */
  readonly held: number
  /** Lets the answers go. */
  release(): Promise<void>
}

const LOOK_MS = 15
/** Well before the deadline of the first of them. */
const PATIENCE_MS = 900

/** Makes a call with each account, an ended access token in each, at the vaults in turn. */
export async function holdRefreshes(
  arena: ClusterArena,
  accounts: readonly Account[],
  { vaults }: { readonly vaults: readonly number[] },
): Promise<HeldRefreshes> {
  await bend(arena, accounts, { hold: true })
  for (const { serverClass, family } of accounts) await arena.witness(serverClass).dropAccessTokens(family)
  const calls = accounts.map(({ credentialId }, index) => use({ credence: arena.at(vaults[index % vaults.length]!) }, credentialId))
  return {
    uses: Promise.all(calls),
    held: await untilHeld(arena, accounts, { atLeast: accounts.length, withinMs: PATIENCE_MS }),
    release: () => letGo(arena, accounts),
  }
}

export async function untilHeld(
  arena: ClusterArena,
  accounts: readonly Account[],
  { atLeast, withinMs }: { readonly atLeast: number; readonly withinMs: number },
): Promise<number> {
  const end = performance.now() + withinMs
  for (;;) {
    const counts = await Promise.all(classesOf(accounts).map((serverClass) => arena.witness(serverClass).held()))
    const held = counts.reduce((sum, count) => sum + count, 0)
    if (held >= atLeast || performance.now() > end) return held
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

export async function letGo(arena: ClusterArena, accounts: readonly Account[]): Promise<void> {
  await bend(arena, accounts, {})
  await Promise.all(classesOf(accounts).map((serverClass) => arena.witness(serverClass).release()))
}

export async function bend(arena: ClusterArena, accounts: readonly Account[], behaviour: object): Promise<void> {
  await Promise.all(classesOf(accounts).map((serverClass) => arena.witness(serverClass).behave(behaviour)))
}

const classesOf = (accounts: readonly Account[]) => [...new Set(accounts.map(({ serverClass }) => serverClass))]

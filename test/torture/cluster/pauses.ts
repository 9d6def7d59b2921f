import type { Random } from '@credence/service'
import { seededRandom } from '@credence/testkit'
import { SERVER_CLASSES } from '../plan-kills.ts'
import { type Use, use } from '../use.ts'
import type { Account } from './accounts.ts'
import { type ClusterArena, VAULTS } from './arena.ts'
import { comeBack, type GrantEnd } from './come-back.ts'
import { bend, holdRefreshes } from './hold-refreshes.ts'
import { judgeGrant, replaysIn } from './judge-grant.ts'
import type { Scenario, ScenarioReport } from './scenario.ts'
import { LEASE_MS } from './settings.ts'
import { inArena } from './share-arena.ts'

/** Past the lease; and past deadline and margin too, where a provider that rejects is asked again by another vault. */
const PAUSES_MS = [LEASE_MS + 1_500, LEASE_MS + 6_000] as const
const LONG_EVERY = 3
const COME_BACK_MS = 30_000
const CALL_EVERY_MS = 400
/** Answers come late enough that some pauses begin between request and answer. */
const ANSWER_MS = 80
const RANDOM_WITHIN_MS = 200

/** R03, R22: two of three vaults stand still in the middle of refreshes until their leases are over, and go on. */
export const PAUSES: Scenario = {
  name: 'pauses',
  title: 'R03, R22: vaults that were stopped past their leases drop no token, and others ask again only where that is ordered',
  smoke: 2,
  full: 50,
  run: (options) =>
    inArena(options, async (arena) => {
      const random = seededRandom(options.seed)
      const pauses: Pause[] = []
      for (let round = 0; pauses.length < options.size; round++) {
        const vaults = Array.from({ length: VAULTS }, (_, vault) => vault).filter((vault) => vault !== round % VAULTS)
        const chosen = vaults.slice(0, options.size - pauses.length)
        const lasting = PAUSES_MS[(round + 1) % LONG_EVERY === 0 ? 1 : 0]
        pauses.push(...(await pauseAll(arena, { vaults: chosen, survivor: round % VAULTS, lasting, isHeld: round % 2 === 0, random })))
        options.note(`${pauses.length} pauses`)
      }
      return judgePauses(pauses)
    }),
}

/** One pause of one vault. */
export interface Pause {
  readonly vault: number
  readonly lastingMs: number
  /** It stood still while refreshes that it had begun were not at their ends. */
  readonly isHit: boolean
  readonly ends: readonly GrantEnd[]
}

interface PlannedPause {
  readonly vaults: readonly number[]
  readonly survivor: number
  readonly lasting: number
  /** The answer arrives while the vault stands still; otherwise it stops at a random moment. */
  readonly isHeld: boolean
  readonly random: Random
}

async function pauseAll(arena: ClusterArena, plan: PlannedPause): Promise<Pause[]> {
  const { vaults, survivor, lasting } = plan
  const accounts = await Promise.all(SERVER_CLASSES.flatMap((serverClass) => vaults.map(() => arena.borrow(serverClass))))
  const ownOf = (vault: number): Account[] => accounts.filter((_, index) => vaults[index % vaults.length] === vault)
  const { underWay, uses } = await (plan.isHeld ? stopHeld(arena, accounts, plan) : stopAtRandom(arena, accounts, plan))
  const until = performance.now() + lasting
  const stood = await Promise.all(vaults.map((vault) => standsStill(arena, vault)))
  // Callers do not know of it: they come to the vault that is left.
  while (performance.now() < until) {
    await Promise.all(accounts.map(({ credentialId }) => use({ credence: arena.at(survivor) }, credentialId)))
    await new Promise((resolve) => setTimeout(resolve, CALL_EVERY_MS))
  }
  for (const vault of vaults) arena.cluster.replica('vault', vault).process.kill('SIGCONT')
  await uses
  return Promise.all(
    vaults.map(async (vault, index) => ({
      vault,
      lastingMs: lasting,
      isHit: stood[index] === true && underWay.has(vault),
      ends: await comeBack(arena, ownOf(vault), { vaults: [survivor, vault], withinMs: COME_BACK_MS }),
    })),
  )
}

/** Which vaults had refreshes under way when they were stopped, and the calls that caused them. */
interface Stopped {
  readonly underWay: ReadonlySet<number>
  readonly uses: Promise<readonly Use[]>
}

async function stopHeld(arena: ClusterArena, accounts: readonly Account[], { vaults }: PlannedPause): Promise<Stopped> {
  const { uses, held, release } = await holdRefreshes(arena, accounts, { vaults })
  for (const vault of vaults) arena.cluster.replica('vault', vault).process.kill('SIGSTOP')
  await release()
  return { underWay: new Set(held === accounts.length ? vaults : []), uses }
}

async function stopAtRandom(arena: ClusterArena, accounts: readonly Account[], { vaults, random }: PlannedPause): Promise<Stopped> {
  await bend(arena, accounts, { delayMs: ANSWER_MS })
  for (const { serverClass, family } of accounts) await arena.witness(serverClass).dropAccessTokens(family)
  const open = new Map(vaults.map((vault) => [vault, 0]))
  const count = (vault: number, by: number): void => void open.set(vault, (open.get(vault) ?? 0) + by)
  const uses = Promise.all(
    accounts.map(({ credentialId }, index) => {
      const vault = vaults[index % vaults.length]!
      count(vault, 1)
      return use({ credence: arena.at(vault) }, credentialId).finally(() => count(vault, -1))
    }),
  )
  await new Promise((resolve) => setTimeout(resolve, random.fraction() * RANDOM_WITHIN_MS))
  for (const vault of vaults) arena.cluster.replica('vault', vault).process.kill('SIGSTOP')
  const underWay = new Set(vaults.filter((vault) => (open.get(vault) ?? 0) > 0))
  await bend(arena, accounts, {})
  return { underWay, uses }
}

const LIVE_MS = 1_000

async function standsStill(arena: ClusterArena, vault: number): Promise<boolean> {
  const { probes } = arena.cluster.replica('vault', vault).process.ready
  return fetch(`${probes}/livez`, { signal: AbortSignal.timeout(LIVE_MS) }).then(
    () => false,
    () => true,
  )
}

export function judgePauses(pauses: readonly Pause[]): ScenarioReport {
  const ends = pauses.flatMap((pause) => pause.ends)
  return {
    planned: pauses.length,
    injected: pauses.filter(({ isHit }) => isHit).length,
    faults: pauses.flatMap(({ vault, lastingMs, ends: own }, index) =>
      own.flatMap((end) => judgeGrant(end, 'ordered')).map((fault) => `pause ${index + 1} (vault ${vault}, ${lastingMs} ms): ${fault}`),
    ),
    figures: {
      grants: ends.length,
      'tokens dropped': ends.filter(({ proven }) => !proven).length,
      'second requests, all as ordered': ends.reduce((sum, end) => sum + replaysIn(end).length, 0),
    },
  }
}

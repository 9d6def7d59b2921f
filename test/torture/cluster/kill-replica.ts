import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Random } from '@credence/service'
import type { Exit } from '../../support/cluster.ts'
import { expectDeath, type Kill, settle } from '../kill.ts'
import { waitFor } from '../patience.ts'
import { type FailpointName, SERVER_CLASSES } from '../plan-kills.ts'
import { type Use, use } from '../use.ts'
import type { Account } from './accounts.ts'
import type { ClusterArena } from './arena.ts'
import { countSpilled } from './count-spilled.ts'

/** One SIGKILL of a vault replica: at a failpoint, or somewhere in the refreshes of an account of each class. */
export interface PlannedReplicaKill {
  readonly number: number
  /** Absent: at a random moment. */
  readonly failpoint?: FailpointName
  readonly serverClass?: (typeof SERVER_CLASSES)[number]
}

/** What died with a replica, before it was started again. */
export interface ReplicaKill {
  readonly plan: PlannedReplicaKill
  readonly kills: readonly Kill[]
  readonly accounts: readonly Account[]
  /** Answers that its volume kept for the next start. Undefined at a failpoint, which says it itself. */
  readonly spilled?: number
  /** Calls that change something, each under a name of its own. */
  readonly posts: readonly string[]
}

const DEATH_MS = 20_000
/** Answers come late enough that some kills fall between request and answer. */
const ANSWER_MS = 60
const RANDOM_WITHIN_MS = 220
/** What the dead process had handed to the kernel arrives within it. */
const ARRIVAL_MS = 300

/**
 * Starts the vault armed and lets a refresh of the account run into the failpoint. Only its proxy can be found: no other
 * refresh than this may meet the failpoint. Throws TypeError when anything else happens.
 */
export async function killAtFailpoint(
  arena: ClusterArena,
  vault: number,
  plan: PlannedReplicaKill & Required<Pick<PlannedReplicaKill, 'failpoint' | 'serverClass'>>,
): Promise<ReplicaKill> {
  const { failpoint, serverClass } = plan
  const log = join(arena.evidence, `failpoint-${vault}-${plan.number}.log`)
  const account = await arena.borrow(serverClass)
  await arena.cluster.start('vault', vault, {
    CREDENCE_VAULT_PORT: '0',
    CREDENCE_FAILPOINT: `${failpoint}@1`,
    CREDENCE_FAILPOINT_LOG: log,
  })
  const failpointLog = (): readonly string[] => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [])
  await arena.witness(serverClass).dropAccessTokens(account.family)
  const accessEndsAtMs = Date.now()
  await waitFor(DEATH_MS, async () => {
    await use({ credence: arena.at(vault) }, account.credentialId)
    return failpointLog().length > 0 || undefined
  })
  await expectDeath({ platform: arena.cluster.replica('vault', vault), failpointLog }, { failpoint })
  const diedAtMs = Date.now()
  await arena.cluster.end('vault', vault, 'SIGKILL')
  const diedSeq = await settle(arena, { ...plan, trigger: 'unauthorized' }, account)
  const kill: Kill = {
    ...account,
    plan: { number: plan.number, failpoint, serverClass, trigger: 'unauthorized', hasOthers: true },
    diedAtMs,
    diedSeq,
    accessEndsAtMs,
  }
  return { plan, kills: [kill], accounts: [account], posts: [] }
}

/** Kills the vault somewhere in four refreshes, one of each class. Throws TypeError when all of them were over. */
export async function killAtRandom(
  arena: ClusterArena,
  vault: number,
  { plan, random }: { readonly plan: PlannedReplicaKill; readonly random: Random },
): Promise<ReplicaKill> {
  const accounts = await Promise.all(SERVER_CLASSES.map((serverClass) => arena.borrow(serverClass)))
  await arena.cluster.start('vault', vault)
  const calls: Promise<Use>[] = []
  const posts: string[] = []
  let answered = 0
  for (const { serverClass, family } of accounts) {
    await arena.witness(serverClass).behave({ delayMs: ANSWER_MS })
    await arena.witness(serverClass).dropAccessTokens(family)
  }
  const accessEndsAtMs = Date.now()
  for (const { credentialId } of accounts) {
    const post = `/echo?once=${vault}-${plan.number}-${credentialId}`
    posts.push(post)
    calls.push(use({ credence: arena.at(vault) }, credentialId, post).finally(() => answered++))
  }
  await new Promise((resolve) => setTimeout(resolve, random.fraction() * RANDOM_WITHIN_MS))
  const isDuring = answered < calls.length
  const exit: Exit | undefined = await arena.cluster.end('vault', vault, 'SIGKILL')
  const diedAtMs = Date.now()
  await Promise.all(calls)
  await new Promise((resolve) => setTimeout(resolve, ARRIVAL_MS))
  if (!isDuring || exit?.signal !== 'SIGKILL') throw new TypeError(`every refresh was over (${exit?.signal})`)
  const kills = accounts.map((account): Kill => {
    const { serverClass } = account
    const diedSeq = arena.witness(serverClass).ledger().at(-1)?.seq ?? 0
    return {
      ...account,
      plan: { number: plan.number, serverClass, trigger: 'unauthorized', hasOthers: true },
      diedAtMs,
      diedSeq,
      accessEndsAtMs,
    }
  })
  return { plan, kills, accounts, posts, spilled: countSpilled(arena.cluster.volume('vault', vault)) }
}

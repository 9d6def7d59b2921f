import type { Credence } from '@credence/sdk'
import type { Connected, Place } from './connect.ts'
import type { Kill } from './kill.ts'
import { waitFor } from './patience.ts'
import { type Use, use } from './use.ts'

/**
 * `usable`: a call gets through with a token of after the kill · `expired`: the platform says that a person must reconnect ·
 * `open`: neither within the time.
 */
export type End = 'usable' | 'expired' | 'open'

/** What became of a killed credential under a platform without failpoint. */
export interface Recovery {
  readonly end: End
  /** Why it expired, in the platform's word. */
  readonly reason: string
  /** A refusal names the address where a person reconnects. */
  readonly offersReconnect: boolean
  /** While the old access token lived, a call got through. Undefined: it had ended before anybody could call. */
  readonly servedMeanwhile: boolean | undefined
  /** From the start of the platform to the end, ms. */
  readonly tookMs: number
  /** The newest ledger entry at the end, before the proof. */
  readonly endSeq: number
  /** One more refresh got through: the refresh token in the store is the one in force. Undefined where there is nothing to prove. */
  readonly proven: boolean | undefined
}

/** Deadline, margin, owner gone and a few back-offs. */
const PATIENCE_MS = 30_000
const PROOF_MS = 12_000
/** A call that leaves with a living token must not meet its end on the way. */
const MARGIN_MS = 1_000

type Run = { readonly credence: Credence }
type Witnesses = Pick<Place, 'witness'>

export async function recover(arena: Witnesses, run: Run, kill: Kill): Promise<Recovery> {
  const startedMs = performance.now()
  const witness = arena.witness(kill.serverClass)
  const servedMeanwhile = await serves(run, kill)
  const end = kill.plan.trigger === 'unauthorized' ? await byCalls(run, kill) : await byItself(run, kill)
  const tookMs = Math.round(performance.now() - startedMs)
  const endSeq = witness.ledger().at(-1)?.seq ?? 0
  const { reason = '' } = await run.credence.credentials.get(kill.credentialId)
  const offersReconnect = end === 'expired' && (await use(run, kill.credentialId)).reconnectUrl !== undefined
  const proven = end === 'usable' ? await prove(arena, run, kill) : undefined
  return { end, reason, offersReconnect, servedMeanwhile, tookMs, endSeq, proven }
}

async function serves(run: Run, { accessEndsAtMs, credentialId }: Kill): Promise<boolean | undefined> {
  if (Date.now() > accessEndsAtMs - MARGIN_MS) return undefined
  return (await use(run, credentialId)).status === 200
}

const isExpired = ({ code }: Use): boolean => code === 'CREDENTIAL_EXPIRED'

/** The old access token is refused, so each call asks for a refresh. */
async function byCalls(run: Run, { credentialId }: Kill): Promise<End> {
  const end = await waitFor(PATIENCE_MS, async () => {
    const answer = await use(run, credentialId)
    if (answer.status === 200) return 'usable' as const
    return isExpired(answer) ? ('expired' as const) : undefined
  })
  return end ?? 'open'
}

/** Nobody calls: the plan alone must bring it back, or end it. */
async function byItself(run: Run, { credentialId }: Kill): Promise<End> {
  const end = await waitFor(PATIENCE_MS, async () => {
    const { version = 0, state } = await run.credence.credentials.plan(credentialId)
    if (state === 'expired') return 'expired' as const
    return version > 1 ? ('usable' as const) : undefined
  })
  if (end !== 'usable') return end ?? 'open'
  return (await use(run, credentialId)).status === 200 ? 'usable' : 'open'
}

/** An access token that works says nothing of the refresh token behind it: only one more refresh does. */
export async function prove(arena: Witnesses, run: Run, { credentialId, serverClass, family }: Connected): Promise<boolean> {
  await arena.witness(serverClass).dropAccessTokens(family)
  const usable = await waitFor(PROOF_MS, async () => (await use(run, credentialId)).status === 200 || undefined)
  return usable === true
}

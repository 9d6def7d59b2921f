import type { RefreshContext } from './refresh-context.ts'

/** A row is read so often for each caller who waits: often beside a token request, seldom beside the calls of a hot path. */
const LOOK_MS = 100

/**
 * Waits for the refresh that another replica has under way, so that its callers and ours share one (REFRESH 4.5). True when
 * a newer version is in force. Gives up when that refresh has ended without one, at the deadline of a token request, and
 * when the caller has gone.
 */
export async function awaitRefresh(
  vault: Pick<RefreshContext, 'children' | 'clock' | 'refreshTimes'>,
  credential: { readonly id: string; readonly version: number },
  signal: AbortSignal,
): Promise<boolean> {
  const { clock, refreshTimes } = vault
  const until = clock.monotonicMs() + refreshTimes.deadlineMs
  while (clock.monotonicMs() < until) {
    const child = await vault.children.need(credential.id)
    if (child.version > credential.version) return true
    if (child.intent === undefined) return false
    await clock.sleep(LOOK_MS, signal)
  }
  return false
}

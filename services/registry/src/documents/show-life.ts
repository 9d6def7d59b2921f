import type { Clock } from '@credence/service'

/** Gives a sign again and again until the signal aborts, of a work that others take up when no sign comes. */
export async function showLife(
  give: () => Promise<unknown>,
  { clock, everyMs, signal, failed }: { clock: Clock; everyMs: number; signal: AbortSignal; failed: (error: unknown) => unknown },
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(everyMs, signal).catch(() => undefined)
    if (signal.aborted) return
    await give().catch(failed)
  }
}

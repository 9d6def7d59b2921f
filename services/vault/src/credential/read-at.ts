import type { Clock } from '@credence/service'

/** When a read was sent, by both clocks: either may stand still or jump while a machine is suspended. Milliseconds. */
export interface ReadAt {
  readonly monotonicMs: number
  readonly wallMs: number
}

export function readAtNow(clock: Clock): ReadAt {
  return { monotonicMs: clock.monotonicMs(), wallMs: clock.now() }
}

/** By the clock that has moved more. */
export function ageMs(clock: Clock, readAt: ReadAt): number {
  return Math.max(clock.monotonicMs() - readAt.monotonicMs, Math.abs(clock.now() - readAt.wallMs))
}

/** How much longer than a read may be used it is waited for: clocks of two machines do not run alike. */
const MARGIN = 1.2

/** Resolves when no replica may use any more what it has read by now; at once where there is one replica (0). */
export async function untilAgedOut(clock: Clock, maxAgeMs: number): Promise<void> {
  if (maxAgeMs > 0) await clock.sleep(maxAgeMs * MARGIN)
}

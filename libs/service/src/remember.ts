import type { Clock } from './clock.ts'

export interface RememberOptions {
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** For how long an answer serves whoever asks. */
  readonly freshMs: number
}

/** Asks `read` once for all who ask at the same time or soon after: what it costs does not grow with how often it is looked at. */
export function remember<T>(read: () => Promise<T>, { clock, freshMs }: RememberOptions): () => Promise<T> {
  let last: { readonly at: number; readonly answer: Promise<T> } | undefined
  return () => {
    if (last === undefined || clock.monotonicMs() - last.at >= freshMs) last = { at: clock.monotonicMs(), answer: read() }
    return last.answer
  }
}

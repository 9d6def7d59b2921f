import { CredenceSignatureError } from './signature-error.ts'

/** Remembers which calls came already. Several processes behind one address share one, or each takes every call once. */
export interface NonceStore {
  /** True when the nonce was not there, and is now. It may be forgotten at `until` (milliseconds since the epoch). */
  add(nonce: string, until: number): boolean | Promise<boolean>
}

/**
 * Of one process, for at most `most` calls at a time. Only calls whose signature holds come here, so nobody but the platform can
 * fill it; a full one refuses (MEMORY_FULL), since to forget a call would be to take it twice.
 */
export function rememberNonces(most: number, now: () => number): NonceStore {
  // In the order in which they came, and so nearly in that in which they end.
  const seen = new Map<string, number>()
  return {
    add(nonce, until) {
      if (seen.has(nonce)) return false
      if (seen.size >= most) forgetEnded(seen, now())
      if (seen.size >= most) throw new CredenceSignatureError('MEMORY_FULL', 'Too many calls came at once: raise `maxNonces`.')
      seen.set(nonce, until)
      return true
    },
  }
}

function forgetEnded(seen: Map<string, number>, now: number): void {
  for (const [nonce, until] of seen) if (until <= now) seen.delete(nonce)
}

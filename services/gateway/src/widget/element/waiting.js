// Pauses, and whether anybody sees the page.

const OUT_OF_SIGHT_MS = 30_000

/** Resolves when somebody sees the page. */
export function seen(signal) {
  if (!document.hidden) return undefined
  return new Promise((resolve) => {
    const ends = new AbortController()
    const look = () => document.hidden || resolve(ends.abort())
    document.addEventListener('visibilitychange', look, { signal: ends.signal })
    signal.addEventListener('abort', () => resolve(ends.abort()), { once: true })
  })
}

/** Aborts with `signal`, and when the page has been out of sight for a while. */
export function whileSeen(signal) {
  const ends = new AbortController()
  let timer
  const look = () => {
    clearTimeout(timer)
    if (document.hidden) timer = setTimeout(() => ends.abort(), OUT_OF_SIGHT_MS)
  }
  document.addEventListener('visibilitychange', look, { signal: AbortSignal.any([signal, ends.signal]) })
  signal.addEventListener('abort', () => ends.abort(), { once: true })
  return ends.signal
}

export function rest(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal?.addEventListener('abort', () => resolve(clearTimeout(timer)), { once: true })
  })
}

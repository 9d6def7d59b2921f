// The token names its end; the page is asked for a new one before that.

/** So long before the end the page is asked, or at half of what is left where that is less. */
const AHEAD_MS = 5 * 60_000
/** Browsers take no longer timers. */
const LONGEST_MS = 2 ** 31 - 1

/** The claims of a token, read and not verified: the platform does that. Empty for what is none. */
export function claimsOf(token) {
  try {
    const text = atob(token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/'))
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (char) => char.charCodeAt(0))))
  } catch {
    return {}
  }
}

/** Calls `ask` ahead of the token's end and `over` at it. Answers how to stop. */
export function watchToken(token, { ask, over }) {
  const { iat = 0, exp = 0 } = claimsOf(token)
  const age = Date.now() / 1000 - iat
  // A clock that is far off would end every token at once: then the token is taken to be fresh.
  const left = (exp - iat - (age >= 0 && age < exp - iat ? age : 0)) * 1000
  const timers = [
    setTimeout(ask, Math.min(Math.max(left - AHEAD_MS, left / 2, 0), LONGEST_MS)),
    setTimeout(over, Math.min(Math.max(left, 0), LONGEST_MS)),
  ]
  return () => timers.forEach(clearTimeout)
}

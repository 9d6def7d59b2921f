const LOOK_MS = 150
const MOST_TRIES = 3

/** Looks again and again until something is found or the time is over. */
export async function waitFor<T>(withinMs: number, look: () => Promise<T | undefined> | T | undefined): Promise<T | undefined> {
  const end = performance.now() + withinMs
  for (;;) {
    const found = await look()
    if (found !== undefined || performance.now() > end) return found
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

/**
 * Again where a preparation failed, on a machine with too much to do for instance: no kill has happened yet, so nothing is
 * hidden. Once the failpoint was hit the failure stands.
 */
export async function repeated<T>(prepare: () => Promise<T>, wasHit: () => boolean): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await prepare()
    } catch (error) {
      if (tries === MOST_TRIES || wasHit()) throw error
    }
  }
}

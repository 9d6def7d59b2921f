const LOOK_MS = 150

/** Looks again and again until something is found or the time is over. */
export async function waitFor<T>(withinMs: number, look: () => Promise<T | undefined> | T | undefined): Promise<T | undefined> {
  const end = performance.now() + withinMs
  for (;;) {
    const found = await look()
    if (found !== undefined || performance.now() > end) return found
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

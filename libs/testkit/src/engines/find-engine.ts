/** The ways to a server's program, in the order in which they are tried. Each gives undefined, or throws, where it leads nowhere. */
export interface Ways<Program> {
  /** `Redis`, for messages. */
  readonly engine: string
  /** The address in the environment, of a server that is somebody else's. */
  readonly given: string | undefined
  /** What to do where all lead nowhere. */
  readonly how: string
  /** On PATH, or where an earlier run has put it. */
  here(): Promise<Program | undefined>
  /** In a container, where a Docker engine answers. */
  contained(): Promise<Program | undefined>
  /** Built, or installed on Debian as root. */
  installed(): Promise<Program | undefined>
}

/** Which suites ask. */
export interface Wanted {
  /** They neither end the server nor change its settings, and share it with others: the one in the environment will do. */
  readonly mayBeShared?: boolean
}

/** A program to start a server of one's own with. Throws TypeError, which says what to do, where there is none. */
export async function findEngine<Program>(ways: Ways<Program>): Promise<Program> {
  const reasons: unknown[] = []
  for (const way of ['here', 'contained', 'installed'] as const) {
    const program = await ways[way]().catch((error: unknown) => void reasons.push(error))
    if (program !== undefined) return program
  }
  throw new TypeError(`there is no ${ways.engine} here. ${ways.how}`, { cause: reasons })
}

/**
 * Whether suites have the server that they want. Where they have not: an error in CI, elsewhere a line that nobody overlooks,
 * so that a suite is skipped loudly.
 */
export async function haveEngine(
  ways: Pick<Ways<unknown>, 'engine' | 'given' | 'how'>,
  find: () => Promise<unknown>,
  { mayBeShared = false, isCi = process.env.CI === 'true', say = console.error }: Wanted & EngineSurroundings = {},
): Promise<boolean> {
  if (mayBeShared && ways.given !== undefined) return true
  try {
    await find()
    return true
  } catch (error) {
    if (isCi) throw error
    say(`\n*** SKIPPED, no ${ways.engine} here. ${ways.how} ***\n`)
    return false
  }
}

interface EngineSurroundings {
  readonly isCi?: boolean
  readonly say?: (line: string) => void
}

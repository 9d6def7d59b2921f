import type { Child, Refused } from './child.ts'
import { type VaultContext, withFacts } from './vault-context.ts'

/** An API may take a new token a little late, or revoke it at once; one that refuses so many in a row refuses something else. */
const FREE = 3
const FIRST_PAUSE_MS = 60_000
const LONGEST_PAUSE_MS = 3_600_000

/** Tells, once per version, that the API answered 401 to this secret. What follows from it is the verifier's to find out. */
export async function reportRefusal(vault: VaultContext, child: Child): Promise<void> {
  if (child.refused?.version === child.version) return
  await vault.children.change(child.id, (found) => {
    if (found.version !== child.version || found.refused?.version === child.version) return found
    const { version } = found
    const inARow = found.refused?.version === version - 1 ? found.refused.inARow + 1 : 1
    const data = { version, upstream_status: 401 }
    return withFacts(vault, { ...found, refused: { version, at: new Date(vault.clock.now()), inARow } }, [
      { type: 'credential.refused', data },
    ])
  })
  vault.nudge()
}

/**
 * Whether a refused token is worth a refresh. Where the API has refused the tokens of several refreshes in a row as soon as
 * they were made, another changes nothing: then one is tried a minute later, and after twice as long each time, up to an hour.
 */
export function isWorthRenewal({ version, refused }: Pick<Child, 'version' | 'refused'>, now: number): boolean {
  return refused?.version !== version || now >= refused.at.getTime() + pauseMs(refused)
}

function pauseMs({ inARow }: Refused): number {
  return inARow < FREE ? 0 : Math.min(FIRST_PAUSE_MS * 2 ** (inARow - FREE), LONGEST_PAUSE_MS)
}

import type { Child } from './child.ts'
import { type VaultContext, withFacts } from './vault-context.ts'

/** Tells, once per version, that the API answered 401 to this secret. What follows from it is the verifier's to find out. */
export async function reportRefusal(vault: VaultContext, child: Child): Promise<void> {
  if (child.refusedVersion === child.version) return
  await vault.children.change(child.id, (found) => {
    if (found.version !== child.version || found.refusedVersion === child.version) return found
    const data = { version: child.version, upstream_status: 401 }
    return withFacts(vault, { ...found, refusedVersion: child.version }, [{ type: 'credential.refused', data }])
  })
  vault.nudge()
}

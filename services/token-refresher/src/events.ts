import { isId } from '@credence/credential'
import type { EventBus, Subscription } from '@credence/events'

const HINTS = [
  'credential.connected',
  'credential.enabled',
  'credential.disabled',
  'credential.deleted',
  'credential.secret_replaced',
  'credential.refreshed',
  'credential.refresh_failed',
  'credential.revoked',
] as const

/**
 * Something happened to a credential: what, the vault is asked. Nothing of the fact but its subject is used, so a forged or
 * repeated one costs one read.
 */
export function subscribeToHints(bus: EventBus, follow: (credentialIds: readonly string[]) => Promise<void>): Promise<Subscription> {
  return bus.subscribe('token-refresher', { types: HINTS }, async ({ fact }) => {
    if (isId('cred', fact.subject)) await follow([fact.subject])
  })
}

import { isCoded } from '@credence/errors'
import type { Fact } from '@credence/events'
import { callAs, type Principal } from '@credence/rpc'
import type { Clock } from '@credence/service'
import { isUserOf } from '../connect/follow-session.ts'
import type { ConnectSession } from '../connect/session.ts'
import type { SessionStore } from '../connect/session-store.ts'
import type { Services } from '../services.ts'

/** Which facts one reader may see. */
export interface Sight {
  maySee(fact: Fact): Promise<boolean>
}

/** How long an answer of the registry stands: a share that is taken away is felt in a stream after so long. */
const KEPT_MS = 5000

/**
 * A caller for the whole project sees every fact: they hold ids and codes only. A caller that acts for a user sees what
 * concerns that user's credentials, sessions, identity checks and consents, asked of the registry as that user.
 */
export function sightOf(
  parts: { readonly services: Services; readonly sessions: SessionStore; readonly clock: Clock },
  principal: Principal,
): Sight {
  if (principal.user === '' && principal.userNames.length === 0) return { maySee: async () => true }
  const known = new Map<string, { readonly visible: boolean; readonly at: number }>()
  const credential = async (id: string, isLast: boolean): Promise<boolean> => {
    const before = known.get(id)
    // Of a deleted credential only what was seen while it lived can be said.
    if (before !== undefined && (isLast || parts.clock.monotonicMs() - before.at < KEPT_MS)) return before.visible
    const visible = await isVisible(parts.services, principal, id)
    known.set(id, { visible, at: parts.clock.monotonicMs() })
    return visible
  }
  return {
    async maySee({ type, subject, data }) {
      if (type.startsWith('provider.') || type.startsWith('capability.')) return true
      if (type.startsWith('setup.')) return isOwnSetup(parts.services, principal, subject)
      if (type.startsWith('identity.') || type.startsWith('consent.')) return data.owner === principal.user
      if (type.startsWith('session.')) return isOwnSession(await parts.sessions.get(subject), principal)
      const id = subject.startsWith('cred_') ? subject : String(data.credential_id ?? '')
      return credential(id, type === 'credential.deleted')
    },
  }
}

/** Asked each time: who may see a setup does not change, but a forged fact must not tell that there is one. */
async function isOwnSetup({ setups }: Services, principal: Principal, setupId: string): Promise<boolean> {
  return setups.getSetup({ setupId }, callAs(principal)).then(
    () => true,
    (error: unknown) => {
      if (isCoded(error, 'NOT_FOUND') || isCoded(error, 'SCOPE_REQUIRED')) return false
      throw error
    },
  )
}

function isOwnSession(session: ConnectSession | undefined, principal: Principal): boolean {
  return session !== undefined && isUserOf(principal, session)
}

async function isVisible({ registry }: Services, principal: Principal, credentialId: string): Promise<boolean> {
  return registry.get({ credentialId }, callAs(principal)).then(
    () => true,
    (error: unknown) => {
      if (isCoded(error, 'NOT_FOUND')) return false
      if (isCoded(error, 'CREDENTIAL_DELETED')) return true
      throw error
    },
  )
}

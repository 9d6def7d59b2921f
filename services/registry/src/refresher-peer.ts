import { TokenRefresherServiceDefinition } from '@credence/proto/refresher'
import { callAs, type Peers } from '@credence/rpc'
import type { PlanPort } from './credential/plan-port.ts'

/** A read of a credential must not wait for a refresher that is away. */
const TIMEOUT_MS = 1_000
/** It comes back to this service, which tells the vault. */
const GIVE_UP_TIMEOUT_MS = 10_000

/** The token-refresher over the wire. */
export function refresherPeer(peers: Peers): PlanPort {
  return {
    async giveUp(by, order) {
      await peers.client('token-refresher', TokenRefresherServiceDefinition).giveUp(order, callAs(by, { timeoutMs: GIVE_UP_TIMEOUT_MS }))
    },
    async isRefreshing(by, credentialId) {
      try {
        const refresher = peers.client('token-refresher', TokenRefresherServiceDefinition)
        const { state } = await refresher.getPlan({ credentialId }, callAs(by, { timeoutMs: TIMEOUT_MS }))
        return state === 'refreshing'
      } catch {
        // The stored health stands: what is missing is a word that holds for a second.
        return false
      }
    },
  }
}

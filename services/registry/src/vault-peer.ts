import { VaultServiceDefinition } from '@credence/proto/vault'
import { callAs, type Peers } from '@credence/rpc'
import type { VaultPort } from './vault/vault-port.ts'

/** A refresh or a revocation waits for the provider's own answer. */
const PROVIDER_TIMEOUT_MS = 60_000

/** The vault over the wire. */
export function vaultPeer(peers: Peers, pushTimeoutMs: number): VaultPort {
  const vault = () => peers.client('vault', VaultServiceDefinition)
  const push = { timeoutMs: pushTimeoutMs }
  const slow = { timeoutMs: PROVIDER_TIMEOUT_MS }
  return {
    async setAccess(by, credentialId, access) {
      await vault().setAccess({ credentialId, access }, callAs(by, push))
    },
    async setCaller(by, caller) {
      await vault().setCaller({ ...caller, keySha256: Buffer.from(caller.keySha256) }, callAs(by, push))
    },
    promote: (by, order) => vault().promote(order, callAs(by, push)),
    async destroy(by, { credentialId, consumers, generation }) {
      await vault().destroy({ credentialId, consumers: [...consumers], generation }, callAs(by, push))
    },
    async putRecipe(by, { id, bytes }) {
      await vault().putRecipe({ recipeId: id, recipe: Buffer.from(bytes) }, callAs(by, push))
    },
    async revoke(by, order) {
      const { outcome } = await vault().revoke(order, callAs(by, slow))
      return outcome
    },
    refresh: (by, order) => vault().refresh(order, callAs(by, slow)),
    listUses: (by, query) => vault().listUses(query, callAs(by, push)),
  }
}

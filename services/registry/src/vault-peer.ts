import { CodedError } from '@credence/errors'
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
      await inTime(() => vault().setAccess({ credentialId, access }, callAs(by, push)))
    },
    async setCaller(by, caller) {
      await inTime(() => vault().setCaller({ ...caller, keySha256: Buffer.from(caller.keySha256) }, callAs(by, push)))
    },
    promote: (by, order) => inTime(() => vault().promote(order, callAs(by, push))),
    async destroy(by, { credentialId, consumers, generation }) {
      await inTime(() => vault().destroy({ credentialId, consumers: [...consumers], generation }, callAs(by, push)))
    },
    async putRecipe(by, { id, bytes }) {
      await inTime(() => vault().putRecipe({ recipeId: id, recipe: Buffer.from(bytes) }, callAs(by, push)))
    },
    async revoke(by, order) {
      const { outcome } = await inTime(() => vault().revoke(order, callAs(by, slow)))
      return outcome
    },
    refresh: (by, order) => inTime(() => vault().refresh(order, callAs(by, slow))),
    listUses: (by, query) => inTime(() => vault().listUses(query, callAs(by, push))),
  }
}

/** A call that its own deadline ended comes back as the abort of its signal, which says nothing to whoever asked us. */
async function inTime<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (error instanceof Error && /^(Abort|Timeout)Error$/.test(error.name))
      throw new CodedError('DEADLINE_EXCEEDED', 'The vault did not answer in time.')
    throw error
  }
}

import { CodedError, isCoded } from '@credence/errors'
import { VaultServiceDefinition } from '@credence/proto/vault'
import { callAs, type Peers, type Principal } from '@credence/rpc'
import type { Clock } from '@credence/service'
import type { VaultPort } from './vault/vault-port.ts'

/** A refresh or a revocation waits for the provider's own answer. */
const PROVIDER_TIMEOUT_MS = 60_000

/** The vault over the wire. `pushTimeoutMs` bounds everything that does not wait for a provider. */
export function vaultPeer(peers: Peers, options: { readonly clock: Clock; readonly pushTimeoutMs: number }): VaultPort {
  const { clock, pushTimeoutMs } = options
  const vault = () => peers.client('vault', VaultServiceDefinition)
  const push = <T>(by: Principal, call: Call<T>): Promise<T> => inTime({ clock, ms: pushTimeoutMs, by }, call)
  const slow = <T>(by: Principal, call: Call<T>): Promise<T> => inTime({ clock, ms: PROVIDER_TIMEOUT_MS, by }, call)
  return {
    async setAccess(by, order) {
      await push(by, (as) => vault().setAccess(order, as))
    },
    async setCapability(by, capability) {
      await push(by, (as) => vault().setCapability(capability, as))
    },
    async setClaim(by, claim) {
      await push(by, (as) => vault().setClaim(claim, as))
    },
    async setConsent(by, consent) {
      await push(by, (as) => vault().setConsent(consent, as))
    },
    async setCaller(by, caller) {
      await push(by, (as) => vault().setCaller({ ...caller, keySha256: Buffer.from(caller.keySha256) }, as))
    },
    promote: (by, order) => push(by, (as) => vault().promote(order, as)),
    async destroy(by, { credentialId, consumers, generation }) {
      await push(by, (as) => vault().destroy({ credentialId, consumers: [...consumers], generation }, as))
    },
    async putRecipe(by, { id, bytes }) {
      await push(by, (as) => vault().putRecipe({ recipeId: id, recipe: Buffer.from(bytes) }, as))
    },
    async revoke(by, order) {
      const { outcome } = await slow(by, (as) => vault().revoke(order, as))
      return outcome
    },
    refresh: (by, order) => slow(by, (as) => vault().refresh(order, as)),
    listUses: (by, query) => push(by, (as) => vault().listUses(query, as)),
  }
}

type Call<T> = (as: ReturnType<typeof callAs>) => Promise<T>

/** Ends the call when the time is over, by the clock that everything else here goes by, and says so as an error of ours. */
async function inTime<T>({ clock, ms, by }: { clock: Clock; ms: number; by: Principal }, call: Call<T>): Promise<T> {
  const over = new AbortController()
  const done = new AbortController()
  clock.sleep(ms, done.signal).then(
    () => over.abort(),
    () => undefined,
  )
  try {
    // The deadline that callAs adds is a second line for a clock that stands still.
    return await call(callAs(by, { signal: over.signal, timeoutMs: ms * 2 }))
  } catch (error) {
    if (isCoded(error)) throw error
    if (error instanceof Error && /^(Abort|Timeout)Error$/.test(error.name)) {
      throw new CodedError('DEADLINE_EXCEEDED', 'The vault did not answer in time.')
    }
    throw error
  } finally {
    done.abort()
  }
}

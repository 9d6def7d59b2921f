import { isCoded } from '@credence/errors'
import { VerifierServiceDefinition } from '@credence/proto/verifier'
import { callAs, type Peers } from '@credence/rpc'
import type { ProofPort } from './capability/proof-port.ts'

/** The verifier waits for the provider's own answer. */
const TIMEOUT_MS = 60_000

/** The verifier over the wire. */
export function verifierPeer(peers: Peers): ProofPort {
  return {
    async prove(by, { id: credentialId, providerId, providerVersion, pattern }) {
      const order = { credentialId, providerId, providerVersion, pattern }
      try {
        const verifier = peers.client('verifier', VerifierServiceDefinition)
        const { verdict, cause, sentence, httpStatus } = await verifier.verify(order, callAs(by, { timeoutMs: TIMEOUT_MS }))
        return { verdict, cause, sentence, httpStatus }
      } catch (error) {
        const cause = isCoded(error) ? error.code : 'UNAVAILABLE'
        return { verdict: 'undecided', cause, sentence: 'The credential could not be tried now; verify it later.', httpStatus: 0 }
      }
    },
  }
}

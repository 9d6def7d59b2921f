import { isCoded } from '@credence/errors'
import { type VerifierServiceClient, VerifierServiceDefinition } from '@credence/proto/verifier'
import { callAs, type Peers } from '@credence/rpc'
import { ownOrder } from './caller/actor.ts'
import type { ProofPort } from './capability/proof-port.ts'
import type { ResearchPort } from './setup/research-port.ts'

/** The verifier waits for the provider's own answer. */
const PROVE_TIMEOUT_MS = 60_000
/** Longer than the verifier's own limit for all pages, and a model's answer after it. */
const RESEARCH_TIMEOUT_MS = 110_000

/** The verifier over the wire. */
export function verifierPeer(peers: Peers): ProofPort & ResearchPort {
  const verifier = (): VerifierServiceClient => peers.client('verifier', VerifierServiceDefinition)
  return {
    async prove(by, { id: credentialId, providerId, providerVersion, pattern }) {
      const order = { credentialId, providerId, providerVersion, pattern }
      try {
        const { verdict, cause, sentence, httpStatus } = await verifier().verify(order, callAs(by, { timeoutMs: PROVE_TIMEOUT_MS }))
        return { verdict, cause, sentence, httpStatus }
      } catch (error) {
        const cause = isCoded(error) ? error.code : 'UNAVAILABLE'
        return { verdict: 'undecided', cause, sentence: 'The credential could not be tried now; verify it later.', httpStatus: 0 }
      }
    },
    async research(project, text, signal) {
      const options = { signal, timeoutMs: RESEARCH_TIMEOUT_MS }
      const { payloadJson, ...found } = await verifier().research({ text }, callAs(ownOrder(project), options))
      const { source, name, site, facts, missing, steps, registrationUri, suggestions, visits } = found
      const report = { source, name, site, facts, missing, steps, registrationUri, suggestions, visits }
      return payloadJson.length === 0 ? report : { ...report, payload: payloadJson }
    },
  }
}

import { VerifierServiceDefinition } from '@credence/proto/verifier'
import { type Principal, type RpcMount, rpcMount } from '@credence/rpc'
import type { Verification, VerifyOrder } from './credential/verify.ts'

/** rpc → use case: decode, call, encode. */
export function verifierMount(run: (principal: Principal, order: VerifyOrder) => Promise<Verification>): RpcMount {
  return rpcMount(VerifierServiceDefinition, {
    async verify({ credentialId, candidateId, providerId, providerVersion, pattern }, { principal }) {
      const { verdict, cause, sentence, httpStatus, account } = await run(principal, {
        credentialId,
        candidateId,
        providerId,
        providerVersion,
        pattern,
      })
      return { verdict, cause, sentence, httpStatus, ...(account === undefined ? {} : { account }) }
    },
  })
}

import type { IdentityAsked } from '@credence/errors'
import { VerifierServiceDefinition } from '@credence/proto/verifier'
import { callAs, type Peers, servicePrincipal } from '@credence/rpc'

/** What a customer without a pass is to be asked; `lockedUntil`: not before then. */
export interface Opened extends IdentityAsked {
  readonly lockedUntil?: Date
}

/** The verifier, which counts the attempts. It is asked about customers without a pass alone. */
export interface Challenges {
  /** Throws UNAVAILABLE and the like when it cannot be asked: the gate is shut all the same. */
  open(about: { readonly project: string; readonly capability: string; readonly user: string }): Promise<Opened>
}

const TIMEOUT_MS = 10_000

export function verifierChallenges(peers: Peers, publicUrl: string): Challenges {
  return {
    async open({ project, capability, user }) {
      const as = callAs(servicePrincipal('vault', project), { timeoutMs: TIMEOUT_MS })
      const { challenge: opened } = await peers
        .client('verifier', VerifierServiceDefinition)
        .openChallenge({ capabilityId: capability, user }, as)
      const { challenge = '', expiresAt, facts = [], attemptsLeft = 0, level = '', lockedUntil } = opened ?? {}
      return {
        facts: facts.map(({ name, question }) => ({ name, question })),
        attemptsLeft,
        challenge,
        expiresAt: expiresAt?.toISOString() ?? '',
        pageUrl: `${publicUrl}/identity/${challenge}`,
        capabilityId: capability,
        level,
        ...(lockedUntil === undefined ? {} : { lockedUntil }),
      }
    },
  }
}

import type { DeepPartial, Pass } from '@credence/proto/identity'
import type { VerifierServiceImplementation } from '@credence/proto/verifier'
import type { Peer, Principal } from '@credence/rpc'
import { answerIdentity } from './identity/answer-identity.ts'
import type { IdentityContext } from './identity/identity-context.ts'
import { openChallenge, readChallenge } from './identity/open-challenge.ts'
import { listPasses, revokePass, type StandingWithPass } from './identity/passes.ts'

type IdentityMethods = Pick<
  VerifierServiceImplementation<{ principal: Principal; from: Peer }>,
  'openChallenge' | 'readChallenge' | 'answerIdentity' | 'listPasses' | 'revokePass'
>

const [USUAL_PAGE, MOST_PER_PAGE] = [50, 200]

/** Who is at the other end. */
export function identityMethods(identity: IdentityContext): IdentityMethods {
  return {
    async openChallenge({ capabilityId: capability, user }, { principal }) {
      return { challenge: await openChallenge(identity, { project: principal.project, capability, user }) }
    },
    async readChallenge({ challenge }) {
      return { challenge: await readChallenge(identity, challenge) }
    },
    async answerIdentity({ challenge, answers, how }, { principal }) {
      try {
        const way = how === 'page' ? 'page' : 'api'
        const { pass, standing } = await answerIdentity(identity, principal, { challenge, answers, how: way })
        return { pass: passMessage({ ...standing, pass }) }
      } finally {
        for (const answer of Object.values(answers)) answer.fill(0)
      }
    },
    async listPasses({ capabilityId: capability, user, pageSize, pageToken: after }, { principal: { project } }) {
      const limit = Math.min(pageSize === 0 ? USUAL_PAGE : pageSize, MOST_PER_PAGE)
      const { found, next } = await listPasses(identity, { project, capability, user, limit, after })
      return { passes: found.map(passMessage), nextPageToken: next }
    },
    async revokePass({ passId: id }, { principal: { project, subject: actor } }) {
      await revokePass(identity, { project, actor, id })
      return {}
    },
  }
}

function passMessage({ pass, capability: capabilityId, user }: StandingWithPass): DeepPartial<Pass> {
  const { id, grantedAt, expiresAt } = pass
  return { id, capabilityId, user, grantedAt, expiresAt }
}

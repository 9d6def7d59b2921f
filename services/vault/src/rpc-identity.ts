import { CodedError } from '@credence/errors'
import type { VaultServiceImplementation } from '@credence/proto/vault'
import type { RpcContext } from '@credence/rpc'
import { setConsent, setPass } from './capability/set-capability.ts'
import type { VaultContext } from './credential/vault-context.ts'
import { matchFacts } from './identity/match-facts.ts'
import { deleteFacts, putFacts } from './identity/put-facts.ts'

type IdentityMethods = Pick<
  VaultServiceImplementation<Pick<RpcContext, 'principal' | 'from'>>,
  'grantPass' | 'setConsent' | 'putFacts' | 'deleteFacts' | 'listFacts' | 'matchFacts'
>

const [USUAL_PAGE, MOST_PER_PAGE] = [50, 200]

/** What customers know, what they have shown and what they have consented to. */
export function identityMethods(vault: VaultContext): IdentityMethods {
  return {
    async grantPass({ passId, capabilityId: capability, names, securityVersion: version, expiresAt, state, generation }, { principal }) {
      if ((state !== 'active' && state !== 'revoked') || expiresAt === undefined)
        throw new CodedError('INVALID_REQUEST', 'A pass has an end, and is active or revoked.')
      await setPass(vault, principal, { passId, capability, names, version, expiresAt, state, generation })
      return {}
    },
    async setConsent({ capabilityId: capability, names, state, purpose, scopes, generation }, { principal }) {
      if (state !== 'given' && state !== 'withdrawn') throw new CodedError('INVALID_REQUEST', 'A consent is given or withdrawn.')
      await setConsent(vault, principal, { capability, names, state, purpose, scopes, generation })
      return {}
    },
    async putFacts({ records, merge }, { principal }) {
      const pushed = records.map(({ user, facts }) => ({
        user,
        facts: new Map(Object.entries(facts).map(([name, { values }]) => [name, values] as const)),
      }))
      await putFacts(vault, principal, { records: pushed, merge })
      return {}
    },
    async deleteFacts({ user, facts: names }, { principal }) {
      return { deleted: await deleteFacts(vault, principal, { user, names }) }
    },
    async listFacts({ user, pageSize, pageToken }, { principal }) {
      const { project } = principal
      if (user !== '') {
        const one = await vault.factRecords.read(project, user)
        return { records: one === undefined ? [] : [knownMessage(one)], nextPageToken: '' }
      }
      const limit = Math.min(pageSize === 0 ? USUAL_PAGE : pageSize, MOST_PER_PAGE)
      const { docs, next = '' } = await vault.factRecords.list(project, { limit, ...(pageToken === '' ? {} : { after: pageToken }) })
      return { records: docs.map(knownMessage), nextPageToken: next }
    },
    async matchFacts({ capabilityId, user, names, answers: given, securityVersion: version, how }, { principal }) {
      const answers = new Map(Object.entries(given))
      return { matched: await matchFacts(vault, principal, { capabilityId, user, names, answers, version, how }) }
    },
  }
}

function knownMessage({ user, facts, updatedAt }: { user: string; facts: readonly { name: string }[]; updatedAt: Date }) {
  return { user, facts: facts.map(({ name }) => name), updatedAt }
}

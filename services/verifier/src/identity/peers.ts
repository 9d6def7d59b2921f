import { SECURITY_LEVELS, type SecurityLevel } from '@credence/credential'
import { RegistryServiceDefinition } from '@credence/proto/registry'
import { VaultServiceDefinition } from '@credence/proto/vault'
import { callAs, type Peers, servicePrincipal } from '@credence/rpc'
import type { Logger } from '@credence/service'
import type { IdentityPeers } from './identity-context.ts'

/** Registry and vault over the wire. */
export function identityPeers(peers: Peers, log: Logger): IdentityPeers {
  const registry = () => peers.client('registry', RegistryServiceDefinition)
  const vault = () => peers.client('vault', VaultServiceDefinition)
  const own = (project: string) => callAs(servicePrincipal('verifier', project))
  return {
    async gate(project, { capability: capabilityId, user }) {
      const {
        capability,
        projectName,
        securityVersion: version,
        ...who
      } = await registry().describeGate({ capabilityId, user }, own(project))
      const { level = '', facts = [], pageOnly = false } = capability?.security ?? {}
      const { required = false, purpose = '', scopes = [] } = capability?.consent ?? {}
      const asked = scopes.length === 0 ? (capability?.scopes ?? []) : scopes
      return {
        capabilityName: capability?.name ?? '',
        projectName,
        // A level that is not known must not ask for less.
        level: Object.hasOwn(SECURITY_LEVELS, level) ? (level as SecurityLevel) : 'strict',
        version,
        facts,
        pageOnly,
        consent: required ? { purpose, scopes: asked } : { purpose: '', scopes: [] },
        user: who.user,
        names: who.names,
      }
    },
    async match(project, { capability: capabilityId, user, names, answers, version: securityVersion, how }) {
      const order = { capabilityId, user, names: [...names], answers: { ...answers }, securityVersion, how }
      return (await vault().matchFacts(order, own(project))).matched
    },
    async setPass(project, { pass, capability: capabilityId, names, state, generation }) {
      const { id: passId, version: securityVersion, expiresAt } = pass
      await vault().grantPass({ passId, capabilityId, names: [...names], securityVersion, expiresAt, state, generation }, own(project))
    },
    async report(project, { capability: capabilityId, user, outcome, actor }) {
      await registry()
        .reportIdentity({ capabilityId, user, outcome, actor }, own(project))
        .catch((error: unknown) => log.failure('verifier.report_failed', error, { capability_id: capabilityId }))
    },
  }
}

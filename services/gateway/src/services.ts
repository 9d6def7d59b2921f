import { CodedError } from '@credence/errors'
import { type TokenRefresherServiceClient, TokenRefresherServiceDefinition } from '@credence/proto/refresher'
import type { Project } from '@credence/proto/registry'
import { type RegistryServiceClient, RegistryServiceDefinition } from '@credence/proto/registry'
import { type VaultServiceClient, VaultServiceDefinition } from '@credence/proto/vault'
import { type VerifierServiceClient, VerifierServiceDefinition } from '@credence/proto/verifier'
import { callAs, type Peers, type Principal, servicePrincipal } from '@credence/rpc'

/** The other four services as the gateway asks them. Clients are looked up at each call, because addresses are known late. */
export interface Services {
  readonly registry: RegistryServiceClient
  readonly vault: VaultServiceClient
  readonly verifier: VerifierServiceClient
  readonly refresher: TokenRefresherServiceClient
}

export function servicesOf(peers: Peers): Services {
  return {
    get registry() {
      return peers.client('registry', RegistryServiceDefinition)
    },
    get vault() {
      return peers.client('vault', VaultServiceDefinition)
    },
    get verifier() {
      return peers.client('verifier', VerifierServiceDefinition)
    },
    get refresher() {
      return peers.client('token-refresher', TokenRefresherServiceDefinition)
    },
  }
}

/** The settings of a project, read as the gateway itself: a person at a page has no scope for them. */
export async function projectOf({ registry }: Pick<Services, 'registry'>, project: string): Promise<Project> {
  const answer = await registry.getProject({}, callAs(servicePrincipal('gateway', project)))
  return present(answer.project, 'project')
}

/** The principal of a user of the project, by any of his names; made by the registry on first mention. */
export async function userOf({ registry }: Pick<Services, 'registry'>, caller: Principal, name: string): Promise<Principal> {
  const { principal } = await registry.authenticate({ user: name, via: caller.via }, callAs(servicePrincipal('gateway', caller.project)))
  return present(principal, 'principal')
}

/** A message member that every answer has: its absence is a bug of the service that answered. */
export function present<T>(member: T | undefined, name: string): T {
  if (member === undefined) throw new CodedError('INTERNAL', `An answer came without its ${name}.`)
  return member
}

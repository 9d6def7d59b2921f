import { CodedError } from '@credence/errors'
import { type TokenRefresherServiceClient, TokenRefresherServiceDefinition } from '@credence/proto/refresher'
import type { Project } from '@credence/proto/registry'
import { type RegistryServiceClient, RegistryServiceDefinition } from '@credence/proto/registry'
import { type SetupServiceClient, SetupServiceDefinition } from '@credence/proto/setup'
import { type VaultServiceClient, VaultServiceDefinition } from '@credence/proto/vault'
import { type VerifierServiceClient, VerifierServiceDefinition } from '@credence/proto/verifier'
import { callAs, type Peers, type Principal, servicePrincipal } from '@credence/rpc'

/** The other four services as the gateway asks them. Clients are looked up at each call, because addresses are known late. */
export interface Services {
  readonly registry: RegistryServiceClient
  /** The registry's, too. */
  readonly setups: SetupServiceClient
  readonly vault: VaultServiceClient
  readonly verifier: VerifierServiceClient
  readonly refresher: TokenRefresherServiceClient
}

export function servicesOf(peers: Peers): Services {
  return {
    get registry() {
      return peers.client('registry', RegistryServiceDefinition)
    },
    get setups() {
      return peers.client('registry', SetupServiceDefinition)
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

/** Where a person came in, for whom the registry is asked. */
export interface Entrance {
  readonly project: string
  readonly via: string
}

/** The principal of a person of the project, by his names; made by the registry on first mention. Several names are one person's. */
export async function userOf(
  { registry }: Pick<Services, 'registry'>,
  { project, via }: Entrance,
  names: readonly string[],
): Promise<Principal> {
  const [only] = names
  const order = servicePrincipal('gateway', project)
  const asked = names.length === 1 && only !== undefined ? { user: only, as: order } : { user: '', as: { ...order, userNames: names } }
  const { principal } = await registry.authenticate({ user: asked.user, via }, callAs(asked.as))
  return present(principal, 'principal')
}

/** A message member that every answer has: its absence is a bug of the service that answered. */
export function present<T>(member: T | undefined, name: string): T {
  if (member === undefined) throw new CodedError('INTERNAL', `An answer came without its ${name}.`)
  return member
}

import type { ListPassesResponse } from '@credence/proto/identity'
import { callAs, type Principal } from '@credence/rpc'
import type { Services } from '../../services.ts'
import { actorFor, requireScope } from '../create-session.ts'
import { idOfCustomer } from './records.ts'

export interface PassQuery {
  readonly pageSize: number
  readonly pageToken: string
  readonly capabilityId: string
  readonly user: string
}

/** Passes in force: of the caller's own user, or anybody's for the team. */
export async function listPasses(services: Services, principal: Principal, { user, ...query }: PassQuery): Promise<ListPassesResponse> {
  const own = principal.user === '' && principal.userNames.length === 0 ? '' : (await actorFor(services, principal, '')).user
  const asked = user === '' ? own : await idOfCustomer(services, principal, { user, pointer: '/user' })
  if (asked === '' || asked !== own) requireScope(principal, 'providers')
  else requireScope(principal, 'use')
  return services.verifier.listPasses({ ...query, user: asked }, callAs(principal))
}

export async function revokePass(services: Services, principal: Principal, passId: string): Promise<void> {
  requireScope(principal, 'providers')
  await services.verifier.revokePass({ passId }, callAs(principal))
}

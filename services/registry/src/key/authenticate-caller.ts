import { createHash } from 'node:crypto'
import { CodedError } from '@credence/errors'
import { type Principal, servicePrincipal } from '@credence/rpc'
import { actorOf } from '../caller/actor.ts'
import type { Registry } from '../registry.ts'
import { authenticate } from './authenticate.ts'

const KEY = /^bearer (crd_[A-Za-z0-9_-]{20,256})$/i

/** Who calls on the caller listener, by what he shows. Throws UNAUTHENTICATED, and SCOPE_REQUIRED as `authenticate` does. */
export async function authenticateCaller(
  registry: Registry,
  { authorization, user }: { readonly authorization: string; readonly user: string },
): Promise<Principal> {
  const [, key] = KEY.exec(authorization) ?? []
  if (key === undefined) throw new CodedError('UNAUTHENTICATED')
  const actor = await actorOf(registry, { principal: servicePrincipal('registry', registry.defaultProject), from: 'registry' })
  return authenticate(registry, actor, { keySha256: createHash('sha256').update(key).digest(), user, via: 'grpc' })
}

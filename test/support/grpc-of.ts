import { type GrpcClients, grpcClients } from '@credence/sdk'
import type { Scene } from './scene.ts'

/** Clients at the caller listener of this service: in the distributed profile each has its own. */
export function grpcOf({ platform, key }: Scene, service: 'registry' | 'vault' | 'gateway', user?: string): Promise<GrpcClients> {
  const address = platform.apiOf(service)
  return grpcClients({ address, key, ...(user === undefined ? {} : { user }) })
}

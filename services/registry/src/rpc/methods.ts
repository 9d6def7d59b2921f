import type { RegistryServiceImplementation } from '@credence/proto/registry'
import type { Peer, Principal } from '@credence/rpc'

/** Some of the registry's methods. Each part of rpc/ gives its own; rpc.ts puts them together, and the compiler misses none. */
export type Methods<M extends keyof RegistryServiceImplementation> = Pick<
  RegistryServiceImplementation<{ principal: Principal; from: Peer }>,
  M
>

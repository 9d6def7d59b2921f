import type { GatewayServiceClient } from '@credence/proto/gateway'
import type { RegistryServiceClient } from '@credence/proto/registry'
import type { SetupServiceClient } from '@credence/proto/setup'
import type { VaultServiceClient } from '@credence/proto/vault'

export interface GrpcOptions {
  /** `host:port` of the API listener, 7405 by default. */
  readonly address: string
  readonly key: string
  /** Sent as `credence-user` with every call. */
  readonly user?: string | undefined
}

/** Typed clients of every service that callers may reach; errors are CodedError of `@credence/errors`. */
export interface GrpcClients {
  readonly registry: RegistryServiceClient
  readonly setups: SetupServiceClient
  readonly gateway: GatewayServiceClient
  /** `send` carries a proxied call, `check` everything of it up to the network. */
  readonly vault: Pick<VaultServiceClient, 'send' | 'check'>
  close(): void
}

/** Opens one channel for all clients. The gRPC library is loaded here, so that users of REST alone never wait for it. */
export async function grpcClients({ address, key, user }: GrpcOptions): Promise<GrpcClients> {
  const [
    { openChannel },
    { RegistryServiceDefinition },
    { SetupServiceDefinition },
    { GatewayServiceDefinition },
    { VaultServiceDefinition },
  ] = await Promise.all([
    import('@credence/rpc'),
    import('@credence/proto/registry'),
    import('@credence/proto/setup'),
    import('@credence/proto/gateway'),
    import('@credence/proto/vault'),
  ])
  const channel = openChannel(address, { authorization: `Bearer ${key}`, ...(user === undefined ? {} : { user }) })
  return {
    registry: channel.client(RegistryServiceDefinition),
    setups: channel.client(SetupServiceDefinition),
    gateway: channel.client(GatewayServiceDefinition),
    vault: channel.client(VaultServiceDefinition),
    close: () => channel.close(),
  }
}

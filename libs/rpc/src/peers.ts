import { CodedError } from '@credence/errors'
import type { Client, TsProtoServiceDefinition } from 'nice-grpc'
import type { ServiceName } from './allow-table.ts'
import { openChannel, type RpcChannel } from './client.ts'
import type { TlsIdentity } from './server.ts'

/** The other services. Addresses are asked for at the first call, since in one process they are known only once all have started. */
export interface Peers {
  /** The same client at every call. Throws UNAVAILABLE while the address is not known. */
  client<D extends TsProtoServiceDefinition>(service: ServiceName, definition: D): Client<D>
  close(): void
}

export function openPeers(options: { readonly tls: TlsIdentity; readonly address: (service: ServiceName) => string | undefined }): Peers {
  const channels = new Map<ServiceName, RpcChannel>()
  const clients = new Map<string, unknown>()
  return {
    client<D extends TsProtoServiceDefinition>(service: ServiceName, definition: D): Client<D> {
      const known = clients.get(definition.fullName)
      if (known !== undefined) return known as Client<D>
      const address = options.address(service)
      if (address === undefined) throw new CodedError('UNAVAILABLE', `The ${service} has not started.`)
      const channel = channels.get(service) ?? openChannel(address, { tls: options.tls, peer: service })
      channels.set(service, channel)
      const client = channel.client(definition)
      clients.set(definition.fullName, client)
      return client
    },
    close() {
      for (const channel of channels.values()) channel.close()
    },
  }
}

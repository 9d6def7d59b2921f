import { RegistryServiceDefinition } from '@credence/proto/registry'
import { SetupServiceDefinition } from '@credence/proto/setup'
import { type RpcMount, rpcMount } from '@credence/rpc'
import type { Registry } from './registry.ts'
import { capabilityMethods } from './rpc/capability-methods.ts'
import { consentMethods } from './rpc/consent-methods.ts'
import { consumerMethods } from './rpc/consumer-methods.ts'
import { ownerMethods, serviceMethods, sessionMethods } from './rpc/credential-methods.ts'
import { keyMethods } from './rpc/key-methods.ts'
import { mintMethods } from './rpc/mint-methods.ts'
import { providerMethods } from './rpc/provider-methods.ts'
import { setupMethods } from './rpc/setup-methods.ts'

/** Every rpc of registry.proto: decode, ask the use case, encode. */
export function registryMount(registry: Registry): RpcMount {
  return rpcMount(RegistryServiceDefinition, {
    ...providerMethods(registry),
    ...capabilityMethods(registry),
    ...consentMethods(registry),
    ...ownerMethods(registry),
    ...sessionMethods(registry),
    ...serviceMethods(registry),
    ...consumerMethods(registry),
    ...keyMethods(registry),
    ...mintMethods(registry),
  })
}

/** Every rpc of setup.proto. */
export function setupMount(registry: Registry): RpcMount {
  return rpcMount(SetupServiceDefinition, setupMethods(registry))
}

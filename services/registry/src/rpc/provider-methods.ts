import { actorOf } from '../caller/actor.ts'
import { deleteProvider } from '../provider/delete-provider.ts'
import { getClient, putClient } from '../provider/oauth-client.ts'
import { getProvider, listProviders } from '../provider/read-provider.ts'
import { createProvider, updateProvider } from '../provider/save-provider.ts'
import type { Registry } from '../registry.ts'
import type { Methods } from './methods.ts'
import { clientMessage, providerMessage, reviewBytes } from './wire.ts'

type ProviderMethods = Methods<
  'createProvider' | 'updateProvider' | 'getProvider' | 'listProviders' | 'deleteProvider' | 'putClient' | 'getClient'
>

export function providerMethods(registry: Registry): ProviderMethods {
  return {
    async createProvider(request, context) {
      const { payloadJson: payload, catalogSlug, validateOnly, requestId } = request
      const wanted = { payload, catalogSlug, validateOnly, requestId }
      const { provider, review } = await createProvider(registry, await actorOf(registry, context), wanted)
      return { reviewJson: reviewBytes(review), ...(provider === undefined ? {} : { provider: providerMessage(provider) }) }
    },
    async updateProvider(request, context) {
      const wanted = { id: request.providerId, payload: request.payloadJson, validateOnly: request.validateOnly }
      const { provider, review, ...counts } = await updateProvider(registry, await actorOf(registry, context), wanted)
      return { reviewJson: reviewBytes(review), ...counts, ...(provider === undefined ? {} : { provider: providerMessage(provider) }) }
    },
    async getProvider({ providerId, version }, context) {
      return { provider: providerMessage(await getProvider(registry, await actorOf(registry, context), providerId, version)) }
    },
    async listProviders(request, context) {
      const { page, nextPageToken } = await listProviders(registry, await actorOf(registry, context), request)
      return { providers: page.map(providerMessage), nextPageToken }
    },
    async deleteProvider({ providerId }, context) {
      await deleteProvider(registry, await actorOf(registry, context), providerId)
      return {}
    },
    async putClient({ providerId, oauthClientId, fields }, context) {
      return { client: clientMessage(await putClient(registry, await actorOf(registry, context), { providerId, oauthClientId, fields })) }
    },
    async getClient({ providerId }, context) {
      return { client: clientMessage(await getClient(registry, await actorOf(registry, context), providerId)) }
    },
  }
}

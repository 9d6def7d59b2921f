import { actorOf } from '../caller/actor.ts'
import { attachChannel } from '../channel/attach-channel.ts'
import { bindConsumer, listConsumers, unbindConsumer } from '../credential/bind-consumer.ts'
import { listHistory } from '../credential/history.ts'
import type { Registry } from '../registry.ts'
import type { Methods } from './methods.ts'
import { consumerMessage, historyMessage } from './wire.ts'

type ConsumerMethods = 'attachChannel' | 'detachChannel' | 'bindConsumer' | 'unbindConsumer' | 'listConsumers' | 'listHistory'

/** Who uses a credential, and what happened to it. */
export function consumerMethods(registry: Registry): Methods<ConsumerMethods> {
  return {
    async attachChannel({ credentialId, agent, channel, nativeId, label, requestId }, context) {
      const wanted = { credentialId, agent, channel, nativeId, label, requestId }
      return { consumer: consumerMessage(await attachChannel(registry, await actorOf(registry, context), wanted)) }
    },
    async detachChannel({ consumerId }, context) {
      await unbindConsumer(registry, await actorOf(registry, context), consumerId)
      return {}
    },
    async bindConsumer({ credentialId, kind, externalRef, label, requestId }, context) {
      const wanted = { credentialId, kind, externalRef, label, requestId }
      return { consumer: consumerMessage(await bindConsumer(registry, await actorOf(registry, context), wanted)) }
    },
    async unbindConsumer({ consumerId }, context) {
      await unbindConsumer(registry, await actorOf(registry, context), consumerId)
      return {}
    },
    async listConsumers(request, context) {
      const { page, nextPageToken } = await listConsumers(registry, await actorOf(registry, context), request)
      return { consumers: page.map(consumerMessage), nextPageToken }
    },
    async listHistory(request, context) {
      const { page, nextPageToken } = await listHistory(registry, await actorOf(registry, context), { ...request, filter: request.filter })
      return { entries: page.map(historyMessage), nextPageToken }
    },
  }
}

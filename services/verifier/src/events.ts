import type { EventBus, Subscription } from '@credence/events'
import { type Principal, servicePrincipal } from '@credence/rpc'
import type { Logger } from '@credence/service'

/**
 * `credential.refused` is a hint: an API answered 401. The verifier makes one call of its own and believes only that. A
 * repeated or forged hint costs one read-only call.
 */
export function subscribeToRefusals(
  bus: EventBus,
  confirm: (principal: Principal, credentialId: string) => Promise<void>,
  log: Logger,
): Promise<Subscription> {
  return bus.subscribe('verifier', { types: ['credential.refused'] }, async ({ fact }) => {
    log.info('verifier.refusal_seen', { credential_id: fact.subject })
    await confirm(servicePrincipal('verifier', fact.project), fact.subject)
  })
}

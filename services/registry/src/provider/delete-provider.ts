import { CodedError } from '@credence/errors'
import { type Actor, actorName, needScope } from '../caller/actor.ts'
import { replaced } from '../documents/change.ts'
import { countIn } from '../documents/scan.ts'
import { withFacts } from '../documents/with-facts.ts'
import type { Registry } from '../registry.ts'
import { providerDeleted } from './facts.ts'
import type { ProviderDoc } from './provider.ts'
import { findProvider } from './read-provider.ts'

const MAX_TRIES = 20

/** An administrator sees which they are by id alone: label, owner and account are their owners' business. */
const MOST_NAMED = 100

async function refuseCapabilities(registry: Registry, id: string): Promise<void> {
  const count = await countIn(registry.docs.capabilities, 'provider', { prefix: [id] })
  if (count === 0) return
  const detail = `${count} ${count === 1 ? 'capability uses' : 'capabilities use'} this provider; delete them first.`
  throw new CodedError('PROVIDER_IN_USE', detail, { facts: { capabilities: String(count), provider_id: id } })
}

/** Takes the provider out of lists; its id never comes back. PROVIDER_IN_USE, with their number and ids, while credentials use it. */
export async function deleteProvider(registry: Registry, actor: Actor, id: string): Promise<void> {
  needScope(actor, 'providers')
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const head = await findProvider(registry, actor, id)
    const count = await countIn(registry.docs.credentials, 'provider', { prefix: [head.id] })
    if (count > 0) {
      const { docs } = await registry.docs.credentials.find('provider', { prefix: [head.id], limit: MOST_NAMED })
      const detail = `${count} ${count === 1 ? 'credential uses' : 'credentials use'} this provider; delete them first.`
      throw new CodedError('PROVIDER_IN_USE', detail, {
        facts: { credentials: String(count), credential_ids: docs.map((doc) => doc.id).join(' '), provider_id: head.id },
      })
    }
    await refuseCapabilities(registry, head.id)
    const facts = [providerDeleted(actorName(actor), head.version)]
    const gone = withFacts<ProviderDoc>(registry, { ...head, listedIn: undefined }, facts)
    if ((await replaced(registry.docs.providers, gone, head)) === undefined) continue
    registry.nudge()
    return
  }
  throw new CodedError('CONFLICT')
}

import { createHash } from 'node:crypto'
import { CodedError, isCoded } from '@credence/errors'
import type { Stored } from '@credence/store'
import type { Actor } from '../caller/actor.ts'
import { permissionOf } from '../credential/visibility.ts'
import { change, insertOnce } from '../documents/change.ts'
import type { Registry } from '../registry.ts'
import type { ChannelClaim } from './channel-claim-doc.ts'

/** What one attachment claims. */
export type Standing = Pick<ChannelClaim, 'project' | 'channel' | 'nativeId' | 'agent' | 'credentialId' | 'consumerId'>

const MAX_TRIES = 5

function idsOf({ project, channel, nativeId, agent }: Standing): readonly [native: string, agent: string] {
  const hash = (key: readonly string[]): string => createHash('sha256').update(JSON.stringify(key)).digest('hex')
  return [hash(['native', project, channel, nativeId]), hash(['agent', project, agent, channel])]
}

/** Takes both, or none. Throws CHANNEL_TAKEN. Repeated by the same consumer it finds its own. */
export async function takeChannel(registry: Registry, actor: Actor, standing: Standing): Promise<void> {
  const taken: Stored<ChannelClaim>[] = []
  for (const id of idsOf(standing)) {
    const claim: ChannelClaim = { ...standing, id, v: 1, state: 'taking', takingSince: registry.now() }
    const { doc, inserted } = await insertOnce(registry.docs.channels, claim)
    if (doc.consumerId === standing.consumerId) {
      if (inserted) taken.push(doc)
      continue
    }
    await Promise.all(taken.map((own) => registry.docs.channels.remove(own.id, own.rev)))
    throw await refusal(registry, actor, { standing, holder: doc })
  }
}

/** Whether both claims are this consumer's, and nobody is about to give them up. */
export async function ownsChannel(registry: Registry, standing: Standing): Promise<boolean> {
  const claims = await Promise.all(idsOf(standing).map((id) => registry.docs.channels.get(id, { fresh: true })))
  return claims.every((claim) => claim?.consumerId === standing.consumerId && claim.state !== 'leaving')
}

export async function holdChannel(registry: Registry, standing: Standing): Promise<void> {
  for (const id of idsOf(standing)) {
    await change(registry.docs.channels, id, (claim): ChannelClaim | undefined =>
      claim.consumerId !== standing.consumerId || claim.state === 'held' ? undefined : { ...claim, state: 'held', takingSince: undefined },
    )
  }
}

/** N3. Idempotent. */
export async function releaseChannel(registry: Registry, standing: Standing): Promise<void> {
  for (const id of idsOf(standing)) {
    for (let tries = 1; ; tries++) {
      const claim = await registry.docs.channels.get(id, { fresh: true })
      if (claim?.consumerId !== standing.consumerId) break
      try {
        await registry.docs.channels.remove(id, claim.rev)
        break
      } catch (error) {
        // It was held in the same moment: that is another revision of the same claim.
        if (!isCoded(error, 'CONFLICT') || tries === MAX_TRIES) throw error
      }
    }
  }
}

/** The channel is always named; who holds it only to somebody who may see that credential. */
async function refusal(
  registry: Registry,
  actor: Actor,
  { standing, holder }: { readonly standing: Standing; readonly holder: ChannelClaim },
): Promise<CodedError> {
  const { channel } = standing
  const parent = await registry.docs.credentials.get(holder.credentialId)
  const mayKnow = parent !== undefined && permissionOf(parent, actor) !== undefined
  const who = mayKnow ? ` (${holder.consumerId}, agent ${holder.agent})` : ''
  const facts = mayKnow ? { channel, consumer_id: holder.consumerId, agent: holder.agent, holder: holder.credentialId } : { channel }
  return new CodedError('CHANNEL_TAKEN', `${whatOf(standing, holder)}${who}: detach it there first.`, {
    credentialId: standing.credentialId,
    facts,
  })
}

function whatOf({ channel, agent, nativeId, credentialId }: Standing, holder: ChannelClaim): string {
  if (holder.agent !== agent) return `This stands on another agent's channel ${channel}`
  const isSame = holder.nativeId === nativeId && holder.credentialId === credentialId
  return isSame
    ? `This stands on this agent's channel ${channel} already`
    : `The channel ${channel} of this agent has another credential or account`
}

import { CodedError, type Fault } from '@credence/errors'
import type { Principal } from '@credence/rpc'
import type { Stored } from '@credence/store'
import { type Actor, actorName, needScope, orderOf, ownOrder } from '../caller/actor.ts'
import type { ConsumerDoc } from '../credential/consumer.ts'
import { consumerBound } from '../credential/facts.ts'
import { pushFence, withNextFence } from '../credential/fence.ts'
import { isThere, type Parent } from '../credential/parent.ts'
import { findVisible, noCredential } from '../credential/visibility.ts'
import { change, insertOnce, replaced } from '../documents/change.ts'
import { claimRequest } from '../documents/request-claim.ts'
import { freshId, withFacts } from '../documents/with-facts.ts'
import type { Registry } from '../registry.ts'
import { holdChannel, ownsChannel, releaseChannel, type Standing, takeChannel } from './channel-claim.ts'
import type { ChannelClaim } from './channel-claim-doc.ts'

export interface Attachment {
  readonly credentialId: string
  readonly agent: string
  readonly channel: string
  readonly nativeId: string
  readonly label: string
  readonly requestId: string
}

const MAX_TEXT = 200
/** Controls, and marks that turn the direction of text: the name stands in errors and on pages. */
const UNREADABLE = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u

/**
 * Gives an agent's channel one asset of the credential: claims first, then the consumer, then the vault, then the claims are
 * held. Each step finds itself done, so that a repeated request and the sweeper go on where one stopped. Needs `manage`.
 */
export async function attachChannel(registry: Registry, actor: Actor, wanted: Attachment): Promise<ConsumerDoc> {
  needScope(actor, 'credentials.write')
  const { credentialId, agent, channel, nativeId, label } = wanted
  const credential = await findVisible(registry, actor, credentialId, 'manage', { fresh: true })
  checkAttachment(credential, wanted)
  const consumerId = await claimRequest(registry, actor, {
    method: 'AttachChannel',
    requestId: wanted.requestId,
    body: [credentialId, agent, channel, nativeId, label],
    fresh: freshId(registry, 'csmr'),
  })
  const standing: Standing = { project: credential.project, channel, nativeId, agent, credentialId, consumerId }
  const before = await registry.docs.consumers.get(consumerId, { fresh: true })
  if (before !== undefined && before.boundTo === undefined) return before
  await takeChannel(registry, actor, standing)
  const blank: ConsumerDoc = {
    id: consumerId,
    v: 1,
    project: credential.project,
    credentialId,
    kind: 'channel',
    externalRef: agent,
    label,
    boundAt: registry.now(),
    boundBy: actor.user?.id ?? actor.subject,
    boundTo: credentialId,
    native: { channel, nativeId, agent },
    outbox: [],
    factSeq: 0,
  }
  const { doc } = await insertOnce(registry.docs.consumers, withFacts(registry, blank, [consumerBound(blank, actorName(actor))]))
  registry.nudge()
  await finishAttach(registry, standing, orderOf(actor, credential.project))
  return doc
}

/** From the consumer on. Claims that were given up, and a credential that was deleted in this moment, take everything back. */
async function finishAttach(registry: Registry, standing: Standing, order: Principal): Promise<void> {
  const { consumerId, channel, nativeId, credentialId } = standing
  if (!(await ownsChannel(registry, standing))) {
    await freeChannel(registry, standing, order)
    throw new CodedError('CHANNEL_TAKEN', undefined, { credentialId, facts: { channel } })
  }
  const changed = await change(registry.docs.credentials, credentialId, (doc) => {
    if (!isThere(doc) || doc.channels?.some(({ consumer }) => consumer === consumerId)) return undefined
    const channels = [...(doc.channels ?? []), { consumer: consumerId, channel, nativeId }]
    return withNextFence({ ...doc, channels }, registry.now())
  })
  if (changed === undefined || !isThere(changed)) {
    await freeChannel(registry, standing, order)
    throw noCredential(credentialId)
  }
  if (changed.access.pendingSince !== undefined) await pushFence(registry, changed, order)
  await holdChannel(registry, standing)
  // Detached in this moment: what the detach did not see yet is taken back here.
  const consumer = await registry.docs.consumers.get(consumerId, { fresh: true })
  if (consumer?.boundTo === undefined) await freeChannel(registry, standing, order)
}

/** Takes a consumer off its channel: the vault first, so that the next holder is never the second one. Idempotent. */
export async function freeChannel(registry: Registry, standing: Standing, order: Principal): Promise<void> {
  const { consumerId, credentialId } = standing
  const changed = await change(registry.docs.credentials, credentialId, (doc) => {
    if (!doc.channels?.some(({ consumer }) => consumer === consumerId)) return undefined
    const channels = doc.channels.filter(({ consumer }) => consumer !== consumerId)
    return withNextFence({ ...doc, channels }, registry.now())
  })
  if (changed !== undefined && isThere(changed) && changed.access.pendingSince !== undefined) await pushFence(registry, changed, order)
  await releaseChannel(registry, standing)
  await change(registry.docs.consumers, consumerId, (doc) =>
    doc.freeingSince === undefined && doc.boundTo === undefined ? undefined : { ...doc, boundTo: undefined, freeingSince: undefined },
  )
}

/** What a consumer on a channel claims; undefined for every other one. */
export function standingOf(doc: ConsumerDoc): Standing | undefined {
  const { native, project, credentialId, id: consumerId } = doc
  return native === undefined ? undefined : { project, credentialId, consumerId, ...native }
}

/** N2: what stopped while it was taken is finished where its consumer is bound, and removed where it is not. */
export async function settleClaim(registry: Registry, claim: Stored<ChannelClaim>): Promise<void> {
  const { channels, consumers } = registry.docs
  const consumer = await consumers.get(claim.consumerId, { fresh: true })
  const order = ownOrder(claim.project)
  if (consumer !== undefined)
    return consumer.boundTo === undefined ? freeChannel(registry, claim, order) : finishAttach(registry, claim, order)
  const leaving = await replaced<ChannelClaim>(channels, { ...claim, state: 'leaving' }, claim)
  if (leaving === undefined) return
  const late = await consumers.get(claim.consumerId, { fresh: true })
  if (late === undefined) return channels.remove(leaving.id, leaving.rev)
  await replaced<ChannelClaim>(channels, { ...leaving, state: 'taking' }, leaving)
}

/** A detach or delete that stopped half-way. */
export async function settleFreeing(registry: Registry, doc: Stored<ConsumerDoc>): Promise<void> {
  const standing = standingOf(doc)
  if (standing !== undefined) await freeChannel(registry, standing, ownOrder(doc.project))
}

function checkAttachment(credential: Parent, { agent, channel, nativeId, label }: Attachment): void {
  const faults: Fault[] = []
  const refuse = (pointer: string, code: string, detail: string): void => {
    faults.push({ pointer, code, detail })
  }
  if (agent === '') refuse('/agent', 'MISSING', 'Name the agent as your own system calls it.')
  else if (agent.trim() === '' || UNREADABLE.test(agent))
    refuse('/agent', 'INVALID_VALUE', 'Use letters, digits and signs that can be seen.')
  if (agent.length > MAX_TEXT) refuse('/agent', 'TOO_LONG', `Use at most ${MAX_TEXT} characters.`)
  if (label.length > MAX_TEXT) refuse('/label', 'TOO_LONG', `Use at most ${MAX_TEXT} characters.`)
  const assets = credential.assets ?? []
  if (!assets.some((asset) => asset.channel === channel && asset.id === nativeId)) {
    const known = assets.some((asset) => asset.channel === channel)
    const pointer = known ? '/native_id' : '/channel'
    refuse(pointer, 'NOT_ALLOWED', 'Write a channel and an id of the `assets` of this credential.')
  }
  if (faults.length > 0) throw new CodedError('INVALID_REQUEST', undefined, { faults })
}

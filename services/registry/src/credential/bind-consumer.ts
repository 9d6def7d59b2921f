import { isId } from '@credence/credential'
import { CodedError, type Fault } from '@credence/errors'
import type { Stored } from '@credence/store'
import { type Actor, actorName, needScope } from '../caller/actor.ts'
import { settleFreeing } from '../channel/attach-channel.ts'
import { change, insertOnce } from '../documents/change.ts'
import { pageSize } from '../documents/page-token.ts'
import { claimRequest } from '../documents/request-claim.ts'
import { type Place, scan } from '../documents/scan.ts'
import { freshId, withFacts } from '../documents/with-facts.ts'
import type { Registry } from '../registry.ts'
import { CONSUMER_KINDS, type ConsumerDoc, type ConsumerKind } from './consumer.ts'
import { consumerBound, consumerOrphaned, consumerUnbound } from './facts.ts'
import { isThere } from './parent.ts'
import { findVisible, noCredential, permissionOf } from './visibility.ts'

const MAX_TEXT = 200

/** Says that a tool, channel or agent uses the credential. Whoever may use it may bind. Idempotent by request id. */
export async function bindConsumer(
  registry: Registry,
  actor: Actor,
  wanted: { credentialId: string; kind: string; externalRef: string; label: string; requestId: string },
): Promise<Stored<ConsumerDoc>> {
  needScope(actor, 'credentials.write', 'use')
  const { credentialId, kind, externalRef, label } = wanted
  checkConsumer(wanted)
  const credential = await findVisible(registry, actor, credentialId)
  const id = await claimRequest(registry, actor, {
    method: 'BindConsumer',
    requestId: wanted.requestId,
    body: [credentialId, kind, externalRef, label],
    fresh: freshId(registry, 'csmr'),
  })
  const blank: ConsumerDoc = {
    id,
    v: 1,
    project: credential.project,
    credentialId,
    kind: kind as ConsumerKind,
    externalRef,
    label,
    boundAt: registry.now(),
    boundBy: actor.user?.id ?? actor.subject,
    boundTo: credentialId,
    outbox: [],
    factSeq: 0,
  }
  const { doc } = await insertOnce(registry.docs.consumers, withFacts(registry, blank, [consumerBound(blank, actorName(actor))]))
  registry.nudge()
  await refuseDeleted(registry, doc, actor)
  return doc
}

/** A delete that came between has counted its consumers before this one was there: it must not stay bound to nothing. */
async function refuseDeleted(registry: Registry, doc: ConsumerDoc, actor: Actor): Promise<void> {
  const credential = await registry.docs.credentials.get(doc.credentialId, { fresh: true })
  if (credential !== undefined && isThere(credential)) return
  await orphan(registry, doc.id, actorName(actor))
  throw noCredential(doc.credentialId)
}

/** Tells one consumer that its credential is gone; a channel that it stood on is free. Idempotent. */
export async function orphan(registry: Registry, consumerId: string, actor: string): Promise<void> {
  const left = await change(registry.docs.consumers, consumerId, (doc) => {
    if (doc.boundTo === undefined) return undefined
    const freeing = doc.native === undefined ? {} : { freeingSince: registry.now() }
    const orphaned: ConsumerDoc = { ...doc, boundTo: undefined, orphanedAt: registry.now(), ...freeing }
    return withFacts(registry, orphaned, [consumerOrphaned(doc, actor)])
  })
  registry.nudge()
  if (left?.freeingSince !== undefined) await settleFreeing(registry, left)
}

/** Whoever bound it, and whoever manages the credential, may. Idempotent for them. */
export async function unbindConsumer(registry: Registry, actor: Actor, consumerId: string): Promise<void> {
  needScope(actor, 'credentials.write', 'use')
  const doc = isId('csmr', consumerId) ? await registry.docs.consumers.get(consumerId, { fresh: true }) : undefined
  if (doc === undefined || !(await mayUnbind(registry, actor, doc))) throw noConsumer()
  const left = await change(registry.docs.consumers, doc.id, (newest) => {
    if (newest.boundTo === undefined) return undefined
    const freeing = newest.native === undefined ? {} : { freeingSince: registry.now() }
    return withFacts(registry, { ...newest, boundTo: undefined, ...freeing }, [consumerUnbound(newest, actorName(actor))])
  })
  registry.nudge()
  if (left?.freeingSince !== undefined) await settleFreeing(registry, left)
}

async function mayUnbind(registry: Registry, actor: Actor, doc: ConsumerDoc): Promise<boolean> {
  if (doc.project !== actor.project && !actor.anyProject) return false
  if (doc.boundBy === (actor.user?.id ?? actor.subject)) return true
  const credential = await registry.docs.credentials.get(doc.credentialId)
  const permission = credential === undefined ? undefined : permissionOf(credential, actor)
  return permission === 'manage' || permission === 'own'
}

/** Where a credential is used, oldest binding first. */
export async function listConsumers(
  registry: Registry,
  actor: Actor,
  query: { readonly credentialId: string; readonly pageSize: number; readonly pageToken: string },
): Promise<{ page: ConsumerDoc[]; nextPageToken: string }> {
  needScope(actor, 'credentials.read')
  const credential = await findVisible(registry, actor, query.credentialId)
  const name = ['consumers', credential.id]
  const after = registry.pages.read<Place>(name, query.pageToken)
  const limit = pageSize(query.pageSize)
  const page: ConsumerDoc[] = []
  const bound = scan(registry.docs.consumers, { index: 'bound', prefix: [credential.id], timeOf: (doc) => doc.boundAt, after })
  for await (const doc of bound) {
    const last = page.at(-1)
    if (page.length === limit && last !== undefined) {
      return { page, nextPageToken: registry.pages.make(name, { at: last.boundAt.getTime(), id: last.id }) }
    }
    page.push(doc)
  }
  return { page, nextPageToken: '' }
}

function checkConsumer(wanted: { kind: string; externalRef: string; label: string }): void {
  const faults: Fault[] = []
  const refuse = (pointer: string, detail: string): void => {
    faults.push({ pointer, code: 'INVALID_VALUE', detail })
  }
  if (!CONSUMER_KINDS.some((kind) => kind === wanted.kind)) refuse('/kind', `Write one of ${CONSUMER_KINDS.join(', ')}.`)
  if (wanted.externalRef.length > MAX_TEXT) refuse('/external_ref', `Use at most ${MAX_TEXT} characters.`)
  if (wanted.label.length > MAX_TEXT) refuse('/label', `Use at most ${MAX_TEXT} characters.`)
  if (faults.length > 0) throw new CodedError('INVALID_REQUEST', undefined, { faults })
}

function noConsumer(): CodedError {
  return new CodedError('NOT_FOUND', 'There is no such consumer for this caller.')
}

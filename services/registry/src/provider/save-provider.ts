import { createHash } from 'node:crypto'
import { catalogEntry } from '@credence/catalog'
import { CodedError } from '@credence/errors'
import { type ProviderReview, parseProvider, reviewProvider } from '@credence/provider'
import type { Stored } from '@credence/store'
import { type Actor, actorName, needScope } from '../caller/actor.ts'
import { insertOnce, replaced } from '../documents/change.ts'
import { claimRequest } from '../documents/request-claim.ts'
import { freshId, withFacts } from '../documents/with-facts.ts'
import type { Registry } from '../registry.ts'
import { providerCreated, providerUpdated } from './facts.ts'
import { countMoves, type MoveCounts } from './move-credentials.ts'
import { foldName, type ProviderDoc } from './provider.ts'
import { findProvider, type ProviderView, providersNamed, savedPayload, versionId, viewOf } from './read-provider.ts'

/** What was saved, absent when it was only reviewed. */
export interface SavedProvider {
  readonly provider?: ProviderView
  readonly review: ProviderReview
}

/** Room for the rest of a message that carries a payload. */
const MAX_PAYLOAD_BYTES = 256 * 1024
const MAX_TRIES = 20

/** Version 1 of a provider. Throws INVALID_PROVIDER with every fault at once. Idempotent by request id, or by an `id` that was reserved. */
export async function createProvider(
  registry: Registry,
  actor: Actor,
  wanted: { payload: Uint8Array; catalogSlug: string; validateOnly: boolean; requestId: string; id?: string },
): Promise<SavedProvider> {
  needScope(actor, 'providers')
  const payload = wanted.catalogSlug === '' ? wanted.payload : catalogPayload(wanted.catalogSlug)
  checkSize(payload)
  const review = reviewProvider(payload, {})
  const foldedName = foldName(review.displayName)
  const warned = (id: string) => registryReview(registry, payload, { project: actor.project, foldedName, except: id })
  if (wanted.validateOnly) return { review: await warned('') }
  const request = {
    method: 'CreateProvider',
    requestId: wanted.requestId,
    body: [createHash('sha256').update(payload).digest('hex'), wanted.catalogSlug],
    fresh: freshId(registry, 'prov'),
  }
  const id = wanted.id ?? (await claimRequest(registry, actor, request))
  const now = registry.now()
  const blank: ProviderDoc = {
    id,
    v: 1,
    project: actor.project,
    version: 1,
    payload,
    displayName: review.displayName,
    origin: wanted.catalogSlug === '' ? 'own' : wanted.catalogSlug,
    createdAt: now,
    versionAt: now,
    listedIn: actor.project,
    foldedName,
    outbox: [],
    factSeq: 0,
  }
  const { doc } = await insertOnce(registry.docs.providers, withFacts(registry, blank, [providerCreated(actorName(actor), 1)]))
  registry.nudge()
  return { provider: viewOf(doc, doc), review: await warned(id) }
}

/**
 * The whole payload as a new version. Live credentials move to it at once; those for which it changes the host, removes their
 * pattern or needs a field that they lack stay on theirs until they are reconnected, and what a backend minted expires where
 * its headers are others now. The counts say how many of each; `moving` that it goes on behind this answer.
 */
export async function updateProvider(
  registry: Registry,
  actor: Actor,
  wanted: { readonly id: string; readonly payload: Uint8Array; readonly validateOnly: boolean },
): Promise<SavedProvider & MoveCounts & { readonly moving: boolean }> {
  needScope(actor, 'providers')
  checkSize(wanted.payload)
  const payload = parseProvider(wanted.payload)
  const foldedName = foldName(payload.display_name)
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const head = await findProvider(registry, actor, wanted.id)
    const counts = await countMoves(registry, head, payload)
    const about = { project: actor.project, foldedName, except: head.id }
    const live = counts.moved + counts.kept + counts.expired
    const review = await registryReview(registry, wanted.payload, { ...about, previous: head, live })
    if (wanted.validateOnly) return { review, ...counts, moving: false }
    const written = await saveVersion(registry, actor, head, { payload: wanted.payload, displayName: payload.display_name, foldedName })
    if (written === undefined) continue
    registry.nudge()
    return { provider: viewOf(written, written), review, ...counts, moving: !(await registry.mover.move(written)) }
  }
  throw new CodedError('CONFLICT')
}

/** First the former version where it stays, then the new one in its place: a crash between leaves only a copy. */
async function saveVersion(
  registry: Registry,
  actor: Actor,
  head: Stored<ProviderDoc>,
  newest: Pick<ProviderDoc, 'payload' | 'displayName' | 'foldedName'>,
): Promise<Stored<ProviderDoc> | undefined> {
  const { id, v, project, version, payload, displayName, versionAt } = head
  const former = { v, project, version, payload, displayName, versionAt }
  await insertOnce(registry.docs.providerVersions, { id: versionId(id, version), provider: id, ...former })
  const now = registry.now()
  const next = { ...head, ...newest, version: version + 1, versionAt: now, movingSince: now }
  return replaced(registry.docs.providers, withFacts<ProviderDoc>(registry, next, [providerUpdated(actorName(actor), next.version)]), head)
}

/** The review with what only the registry knows: whether the name is taken, the version before, the live credentials. */
async function registryReview(
  registry: Registry,
  payload: Uint8Array,
  about: { project: string; foldedName: string; except: string; previous?: ProviderDoc; live?: number },
): Promise<ProviderReview> {
  const named = await providersNamed(registry, about.project, about.foldedName, 2)
  return reviewProvider(payload, {
    nameTaken: named.some((doc) => doc.id !== about.except),
    ...(about.previous === undefined ? {} : { previous: savedPayload(about.previous) }),
    ...(about.live === undefined ? {} : { live: about.live }),
  })
}

function catalogPayload(slug: string): Uint8Array {
  const entry = catalogEntry(slug)
  if (entry !== undefined) return entry
  const fault = { pointer: '/catalog_slug', code: 'NOT_ALLOWED', detail: 'Write the slug of an entry of the catalogue.' }
  throw new CodedError('INVALID_REQUEST', undefined, { faults: [fault] })
}

function checkSize(payload: Uint8Array): void {
  if (payload.length <= MAX_PAYLOAD_BYTES) return
  throw new CodedError('REQUEST_TOO_LARGE', `A provider payload has at most ${MAX_PAYLOAD_BYTES / 1024} KiB.`)
}

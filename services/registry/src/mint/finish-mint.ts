import { familyOf } from '@credence/credential'
import { CodedError } from '@credence/errors'
import type { NewFact } from '@credence/events'
import type { Stored } from '@credence/store'
import { type Actor, actorName, needScope, orderOf } from '../caller/actor.ts'
import { credentialConnected, credentialCreated } from '../credential/facts.ts'
import { heldFence, withNextFence } from '../credential/fence.ts'
import { record } from '../credential/history-entry.ts'
import { isThere, listed, type Parent, type Promoting } from '../credential/parent.ts'
import { noCredential, readableId } from '../credential/visibility.ts'
import { replaced } from '../documents/change.ts'
import { withFacts } from '../documents/with-facts.ts'
import { findProvider, savedPayload, versionOf } from '../provider/read-provider.ts'
import type { Registry } from '../registry.ts'

/** What the vault put in force for an order of `prepareMint`. */
export interface Minted {
  readonly credentialId: string
  readonly providerVersion: number
  readonly pattern: number
  /** The generation that the parent had when the order was made. */
  readonly generationBefore: number
  readonly candidateId: string
  readonly version: number
  readonly generation: number
  readonly plainFields: Readonly<Record<string, string>>
}

const MAX_TRIES = 100

/**
 * Shows the parent of a secret that is in force. Whoever finds such a secret may finish it, so a mint that stopped between vault
 * and parent is finished by the next. Answers the parent as it is now; a newer secret stays.
 */
export async function finishMint(registry: Registry, actor: Actor, minted: Minted): Promise<Stored<Parent>> {
  needScope(actor, 'mint')
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const doc = await registry.docs.credentials.get(readableId(minted.credentialId), { fresh: true })
    if (doc === undefined || doc.deletedAt !== undefined || doc.project !== actor.project) throw noCredential(minted.credentialId)
    const order = orderOf(actor, doc.project)
    if (isThere(doc) && doc.version >= minted.version) return heldFence(registry, doc, order)
    const by = await mintedBy(registry, actor, doc, minted)
    const next = withFacts(registry, shownAfter(registry, doc, { minted, by }), factsOf(doc, minted, by))
    const written = await replaced(registry.docs.credentials, next, doc)
    if (written === undefined) continue
    await record(registry, written, actor, { action: 'connect', outcome: 'ok' })
    registry.nudge()
    return heldFence(registry, written, order)
  }
  throw new CodedError('CONFLICT', undefined, { credentialId: minted.credentialId })
}

type MintedBy = Pick<Promoting, 'family' | 'provider' | 'actor'>

async function mintedBy(registry: Registry, actor: Actor, doc: Parent, minted: Minted): Promise<MintedBy> {
  const head = await findProvider(registry, actor, doc.provider.id)
  const version = await versionOf(registry, head, minted.providerVersion)
  const family = familyOf(savedPayload(version).auth_patterns[minted.pattern]?.type ?? '')
  if (family === undefined) throw new CodedError('CONFLICT', undefined, { credentialId: doc.id })
  const provider = { id: head.id, version: version.version, pattern: minted.pattern, name: version.displayName }
  return { family, provider, actor: actorName(actor) }
}

/** A replacement of what works tells of itself by `credential.secret_replaced`, which is the vault's. */
function factsOf(doc: Parent, { candidateId, version }: Minted, by: MintedBy): NewFact[] {
  if (isThere(doc) && doc.status === 'active') return []
  const connected = { ...by, sessionId: '', candidateId, account: { id: '', name: '' } }
  const facts = [credentialConnected(doc, connected, version)]
  if (!isThere(doc)) facts.unshift(credentialCreated(doc, connected, version))
  return facts
}

function shownAfter(registry: Registry, doc: Parent, { minted, by }: { readonly minted: Minted; readonly by: MintedBy }): Parent {
  const isDisabled = isThere(doc) && doc.status === 'disabled'
  const shown: Parent = {
    ...doc,
    hiddenSince: undefined,
    status: isDisabled ? 'disabled' : 'active',
    reason: isDisabled ? doc.reason : undefined,
    expiredBefore: undefined,
    health: 'unverified',
    version: minted.version,
    // Whose account a value of a backend is, nobody has asked.
    account: { id: '', name: '' },
    scopes: [],
    expiresAt: undefined,
    accountFields: minted.plainFields,
    family: by.family,
    provider: by.provider,
    lastError: undefined,
    connectedAt: registry.now(),
    lastCandidateId: minted.candidateId,
    minted: true,
  }
  const generation = Math.max(doc.access.generation, minted.generation)
  const isUntouched = doc.access.generation === minted.generationBefore && doc.access.pendingSince === undefined
  if (isUntouched) return listed({ ...shown, access: { generation } })
  // Whoever changed the fence meanwhile must win: the vault is told the newest one.
  return withNextFence({ ...shown, access: { ...doc.access, generation } }, registry.now())
}

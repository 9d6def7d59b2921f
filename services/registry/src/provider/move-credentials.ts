import { CodedError, isCoded } from '@credence/errors'
import type { ProviderPayload } from '@credence/provider'
import type { Stored } from '@credence/store'
import { ownActor, ownOrder } from '../caller/actor.ts'
import { fenceOf } from '../credential/fence.ts'
import { record } from '../credential/history-entry.ts'
import { isThere, listed, type Parent } from '../credential/parent.ts'
import { prepareRecipe } from '../credential/register.ts'
import { change, replaced } from '../documents/change.ts'
import type { Registry } from '../registry.ts'
import { type Fate, fateOf } from './fate-of-credential.ts'
import type { ProviderDoc } from './provider.ts'
import { savedPayload, versionOf } from './read-provider.ts'

/** How many live credentials go which way. */
export interface MoveCounts {
  readonly moved: number
  readonly kept: number
  readonly expired: number
}

const PAGE = 100
/** Each is two writes, so that an update of a large provider leaves the vault to others. */
const AT_ONCE = 8
const MAX_TRIES = 20

/** What an update to `is` would do to the live credentials of a provider; changes nothing. */
export async function countMoves(registry: Registry, head: ProviderDoc, is: ProviderPayload): Promise<MoveCounts> {
  const counts = { moved: 0, kept: 0, expired: 0 }
  for await (const { fate } of fates(registry, { head, is, below: head.version + 1 })) counts[COUNTED[fate.do]]++
  return counts
}

const COUNTED = { move: 'moved', keep: 'kept', expire: 'expired' } as const

/**
 * Takes every live credential of a provider to its newest version, or where it must go. Repeating it is safe: whatever stops
 * on the way, also by the signal, is taken up by the sweeper, by `movingSince`.
 */
export async function moveCredentials(registry: Registry, head: Stored<ProviderDoc>, signal: AbortSignal): Promise<void> {
  const waiting: Promise<void>[] = []
  let failed: unknown
  const destinationOf = destinations(registry, head)
  for await (const { doc, fate } of fates(registry, { head, is: savedPayload(head), below: head.version })) {
    if (signal.aborted) break
    if (fate.do === 'keep') continue
    const work = fate.do === 'move' ? destinationOf(fate.pattern).then((to) => move(registry, doc, to)) : expire(registry, doc)
    waiting.push(
      work.catch((error: unknown) => {
        failed ??= error
      }),
    )
    if (waiting.length === AT_ONCE) await Promise.all(waiting.splice(0))
  }
  await Promise.all(waiting)
  signal.throwIfAborted()
  if (failed !== undefined) throw failed
  await change(registry.docs.providers, head.id, (newest) =>
    newest.version === head.version ? { ...newest, movingSince: undefined } : undefined,
  )
}

interface Fated {
  readonly doc: Stored<Parent>
  readonly fate: Fate
}

/** Those on a version below; what is expired is connected anew at the newest one anyway. */
async function* fates(
  registry: Registry,
  { head, is, below }: { readonly head: ProviderDoc; readonly is: ProviderPayload; readonly below: number },
): AsyncGenerator<Fated> {
  const payloads = new Map<number, ProviderPayload>()
  const payloadOf = async (version: number): Promise<ProviderPayload> => {
    const known = payloads.get(version) ?? savedPayload(await versionOf(registry, head, version))
    payloads.set(version, known)
    return known
  }
  let after: string | undefined
  do {
    const next = after === undefined ? {} : { after }
    const page = await registry.docs.credentials.find('provider', { prefix: [head.id], limit: PAGE, ...next })
    for (const doc of page.docs) {
      if (doc.provider.version >= below || doc.status === 'expired') continue
      yield { doc, fate: fateOf(doc, await payloadOf(doc.provider.version), is) }
    }
    after = page.next
  } while (after !== undefined)
}

/** A pattern of the newest version, with its recipe in the vault. */
interface Destination {
  readonly provider: Parent['provider']
  readonly recipeId: string
  /** Fields that are kept readable. */
  readonly plain: readonly string[]
}

/** Each is prepared once, however many credentials go there. */
function destinations(registry: Registry, head: ProviderDoc): (pattern: number) => Promise<Destination> {
  const prepared = new Map<number, Promise<Destination>>()
  const payload = savedPayload(head)
  const prepare = async (pattern: number): Promise<Destination> => {
    const { recipe, recipeId } = await prepareRecipe(registry, ownActor(head.project), { provider: head, payload, pattern })
    const plain = recipe.fields.filter((field) => field.plain).map((field) => field.name)
    return { provider: { id: head.id, version: head.version, pattern, name: head.displayName }, recipeId, plain }
  }
  return (pattern) => {
    const known = prepared.get(pattern) ?? prepare(pattern)
    prepared.set(pattern, known)
    return known
  }
}

/** The vault first: it takes recipe and fence in one write, and takes the same again. */
async function move(registry: Registry, found: Stored<Parent>, to: Destination): Promise<void> {
  let doc: Stored<Parent> | undefined = found
  for (let tries = 0; tries < MAX_TRIES && doc !== undefined; tries++) {
    if (!isThere(doc) || doc.provider.version >= to.provider.version || doc.status === 'expired') return
    const taken = await takenByVault(registry, doc, to)
    if (taken === 'keeps') return
    if (taken === 'taken' && (await shown(registry, doc, to))) return
    doc = await registry.docs.credentials.get(doc.id, { fresh: true })
  }
  if (doc !== undefined) throw new CodedError('CONFLICT', undefined, { credentialId: doc.id })
}

/** `keeps`: the vault sees in the values what the payloads do not show. `again`: its fence moved in this moment. */
async function takenByVault(registry: Registry, doc: Parent, { recipeId }: Destination): Promise<'taken' | 'keeps' | 'again'> {
  const access = fenceOf({ ...doc, access: { generation: doc.access.generation + 1 } })
  try {
    await registry.vault.setAccess(ownOrder(doc.project), { credentialId: doc.id, access, recipeId })
    return 'taken'
  } catch (error) {
    if (isCoded(error, 'HOST_REFUSED') || isCoded(error, 'FIELD_REFUSED') || isCoded(error, 'NOT_FOUND')) return 'keeps'
    if (isCoded(error, 'CONFLICT')) return 'again'
    throw error
  }
}

async function shown(registry: Registry, doc: Stored<Parent>, { provider, plain }: Destination): Promise<boolean> {
  const accountFields = Object.fromEntries(Object.entries(doc.accountFields).filter(([name]) => plain.includes(name)))
  const access = { ...doc.access, generation: doc.access.generation + 1 }
  const written = await replaced<Parent>(registry.docs.credentials, listed({ ...doc, provider, accountFields, access }), doc)
  if (written === undefined) return false
  await record(registry, written, ownActor(doc.project), { action: 'change', outcome: 'provider_updated' })
  return true
}

const CONFIG_CHANGED = 'config_changed'

/** One that is disabled is found expired when it is enabled again. */
async function expire(registry: Registry, doc: Stored<Parent>): Promise<void> {
  const marked = await change(registry.docs.credentials, doc.id, (newest) =>
    newest.status === 'disabled' ? { ...newest, expiredBefore: { reason: CONFIG_CHANGED } } : undefined,
  )
  if (marked?.status !== 'active') return
  const order = { credentialId: doc.id, version: marked.version, reason: CONFIG_CHANGED }
  await registry.plans.giveUp(ownOrder(doc.project), order)
}

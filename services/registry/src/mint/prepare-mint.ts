import type { CredentialId } from '@credence/credential'
import { CodedError } from '@credence/errors'
import { type HeaderAuth, headerAuthOf, levelOf, type ProviderPayload } from '@credence/provider'
import type { Stored } from '@credence/store'
import { type Actor, needScope } from '../caller/actor.ts'
import { foldedName, resolveUser } from '../caller/resolve-user.ts'
import { fenceOf } from '../credential/fence.ts'
import type { Parent, UserRef } from '../credential/parent.ts'
import { hiddenParent, prepareRecipe } from '../credential/register.ts'
import { insertOnce } from '../documents/change.ts'
import type { ProviderDoc } from '../provider/provider.ts'
import { providersNamed, savedPayload } from '../provider/read-provider.ts'
import type { Registry } from '../registry.ts'
import { claimSlot, inSlot, type SlotKey } from './slot.ts'

/** What is to be done for one requested server. */
export type MintTarget = { readonly refusal: string } | { readonly authenticatedAt: Date } | { readonly order: MintOrder }

/** `provider`: undefined where none has the name, or more than one. */
export type NamedTarget = MintTarget & { readonly provider: string | undefined }

/** Where the headers of a server go, and under which fence they come into force. */
export interface MintOrder {
  readonly credential: Parent
  readonly recipeId: string
  readonly provider: ProviderDoc
  readonly auth: HeaderAuth
  /** Fields that are kept readable. */
  readonly plain: readonly string[]
  /** Only while this is the version in force; undefined: whatever it is. */
  readonly expectedVersion: number | undefined
}

/** The words of the troubleshooting table. */
const NOT_FOUND = 'Server not found'
const AMBIGUOUS = 'Server name is ambiguous'
const LISTED_TWICE = 'Server is listed more than once'
const HEADERS_ONLY = 'Auto-authentication only supports header-auth servers'
const USERS_ONLY = 'Auto-authentication only supports user-level server credentials'
const DISABLED = 'The credential for this server is disabled; enable it first'

/**
 * A target for each name, in order. Looks at name, level, type and existing record, in this order; what of it cannot be done is
 * a refusal of that server alone. The names are few, and done at once; `earlier` are the providers that the same mint has named
 * before. The user is created on first mention. Throws INVALID_REQUEST for an address that is none.
 */
export async function prepareMint(
  registry: Registry,
  actor: Actor,
  wanted: {
    readonly userEmail: string
    readonly force: boolean
    readonly serverNames: readonly string[]
    readonly earlier: readonly string[]
  },
): Promise<{ user: UserRef; targets: NamedTarget[] }> {
  needScope(actor, 'mint')
  const name = foldedName(`email:${wanted.userEmail.trim()}`, '/user_email')
  const user = await resolveUser(registry, actor.project, { names: [name], create: true })
  const found = await Promise.all(wanted.serverNames.map((serverName) => providersNamed(registry, actor.project, serverName, 2)))
  const seen = new Set(wanted.earlier)
  const targets = found.map(async ([provider, other]): Promise<NamedTarget> => {
    if (provider === undefined) return { refusal: NOT_FOUND, provider: undefined }
    if (other !== undefined) return { refusal: AMBIGUOUS, provider: undefined }
    if (seen.has(provider.id)) return { refusal: LISTED_TWICE, provider: provider.id }
    seen.add(provider.id)
    return { ...(await targetOf(registry, actor, { user, provider, force: wanted.force })), provider: provider.id }
  })
  return { user, targets: await Promise.all(targets) }
}

async function targetOf(
  registry: Registry,
  actor: Actor,
  { user, provider, force }: { readonly user: UserRef; readonly provider: ProviderDoc; readonly force: boolean },
): Promise<MintTarget> {
  const payload = savedPayload(provider)
  const auth = headerAuthOf(payload)
  if ((auth?.level ?? levelOf(payload)) === 'project') return { refusal: USERS_ONLY }
  if (auth === undefined) return { refusal: HEADERS_ONLY }
  const existing = await inSlot(registry, { project: actor.project, owner: user, provider: provider.id })
  const standing = existing === undefined ? undefined : standingOf(existing, force)
  if (standing !== undefined) return standing
  const order = await orderFor(registry, actor, { user, provider, payload, auth, force })
  // Somebody else filled the slot while it was claimed.
  return standingOf(order.credential, force) ?? { order }
}

/** What an existing record says by itself; undefined where its secret is to be stored. */
function standingOf(doc: Parent, force: boolean): MintTarget | undefined {
  if (doc.hiddenSince !== undefined) return undefined
  if (doc.status === 'disabled') return { refusal: DISABLED }
  return doc.status === 'active' && !force ? { authenticatedAt: doc.connectedAt ?? doc.createdAt } : undefined
}

async function orderFor(
  registry: Registry,
  actor: Actor,
  at: {
    readonly user: UserRef
    readonly provider: ProviderDoc
    readonly payload: ProviderPayload
    readonly auth: HeaderAuth
    readonly force: boolean
  },
): Promise<MintOrder> {
  const { user, provider, payload, auth, force } = at
  const { recipeId, recipe } = await prepareRecipe(registry, actor, { provider, payload, pattern: auth.pattern })
  const credential = await inClaimedSlot(registry, { project: actor.project, owner: user, provider: provider.id }, (id) =>
    hiddenParent(registry, { id, provider, recipe, owner: user, level: 'user', label: '', tags: {} }),
  )
  const plain = recipe.fields.filter((field) => field.plain).map((field) => field.name)
  return { credential, recipeId, provider, auth, plain, expectedVersion: force ? undefined : credential.version }
}

/** Each lost race means that somebody deleted what another mint had just made. */
const MAX_TRIES = 100

async function inClaimedSlot(registry: Registry, key: SlotKey, blankOf: (id: CredentialId) => Parent): Promise<Stored<Parent>> {
  for (let tries = 1; ; tries++) {
    const { doc } = await insertOnce(registry.docs.credentials, blankOf(await claimSlot(registry, key)))
    if (doc.deletedAt === undefined) return doc
    // Deleted in this very moment: the slot is claimed anew.
    if (tries === MAX_TRIES) throw new CodedError('CONFLICT', undefined, { credentialId: doc.id })
  }
}

/** The fence with which the secret comes into force: what the parent says, in force again if it had expired. */
export function mintFence(order: MintOrder): ReturnType<typeof fenceOf> {
  return fenceOf({
    ...order.credential,
    status: 'active',
    reason: undefined,
    access: { generation: order.credential.access.generation + 1 },
  })
}

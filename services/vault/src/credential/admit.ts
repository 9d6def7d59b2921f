import { isId } from '@credence/credential'
import { CodedError, isCoded } from '@credence/errors'
import type { Hosts, Recipe } from '@credence/provider'
import type { Principal } from '@credence/rpc'
import { currentTraceId } from '@credence/service'
import type { AuditRecord } from '../audit/record.ts'
import type { CapabilityDoc } from '../capability/capability.ts'
import { capabilityOf, connectRequired, type Way, wayOf } from '../capability/way.ts'
import type { OnBehalfOf } from '../signing/sign-on-behalf-of.ts'
import { channelOf } from '../thirdparty/channel.ts'
import { authorize, needUse } from './authorize.ts'
import { boundHosts } from './binding.ts'
import type { Access, ChannelBinding, Child } from './child.ts'
import { quarantined } from './floors.ts'
import { countDenial } from './measure.ts'
import { type ReadAt, readAtNow } from './read-at.ts'
import { auditBase } from './record-change.ts'
import { targetOf } from './target.ts'
import type { VaultContext } from './vault-context.ts'

/** What is asked for. */
export interface Asked {
  /** `cred_…`, or `cap_…`. */
  readonly credentialId: string
  /** As the `Credence-Capability` header; absent or empty: none. */
  readonly capability?: string
  readonly method: string
  readonly path: string
  readonly consumer: string
  readonly headers?: readonly (readonly [string, string])[]
}

/** A use that may begin, by fences whose reads were sent at `readAt` or later. */
export interface Permitted {
  /** Undefined where the capability needs no credential. */
  readonly child?: Child & { access: Access }
  readonly capability?: CapabilityDoc
  readonly target: URL
  readonly readAt: ReadAt
  readonly recipe: Recipe
  /** Of a consumer that stands on a native channel. */
  readonly channel: ChannelBinding | undefined
  /** The call goes to the team's own backend: the project signs it, and says for whom it is. */
  readonly onBehalfOf?: OnBehalfOf
  /** What must not have moved when the secret is written: ids with the generations that were read. */
  readonly fences: readonly { readonly id: string; readonly generation: number }[]
  /** Wall clock, milliseconds: when the pass of the customer ends. Absent: there is none to end. */
  readonly until?: number
}

/** What `Send` and `Check` share: who, which child, whether, and the record on the disk. */
export interface Admitted extends Permitted {
  readonly principal: Principal
  readonly base: Omit<AuditRecord, 'phase'>
}

/** They would make a tunnel, or have the request echoed with all that is in it (RFC 9110 §9.3.6, §9.3.8). */
const REFUSED_METHODS: readonly string[] = ['CONNECT', 'TRACE', 'TRACK']

/** The reads and every rule. It is asked again when a fence moved before the secret was written. */
export async function permitted(vault: VaultContext, principal: Principal, asked: Asked): Promise<Permitted> {
  const readAt = readAtNow(vault.clock)
  needUse(principal)
  const way = await wayOf(vault, principal, asked)
  const found = way.credentialId === '' ? {} : { child: await permittedChild(vault, principal, { way, asked }) }
  const { child } = found
  const { recipe, hosts } = await proxiedBy(vault, child, way.capability)
  if (!recipe.proxyEnabled) throw new CodedError('PROXY_DISABLED', undefined, child === undefined ? {} : { credentialId: child.id })
  if (REFUSED_METHODS.includes(asked.method.toUpperCase())) throw new CodedError('METHOD_REFUSED')
  const { capability, claim, passed } = way
  const fences = [capability, claim].flatMap((doc) => (doc === undefined ? [] : [{ id: doc.id, generation: doc.generation }]))
  if (child !== undefined) fences.push({ id: child.id, generation: child.access.generation })
  const through = capability === undefined ? {} : { capability, ...forWhom(capability, principal) }
  const target = targetOf(hosts, asked.path)
  const base = hosts.use[0] ?? ''
  const channel = child === undefined ? undefined : channelOf(child, recipe, { consumer: asked.consumer, target, base })
  if (passed !== undefined) fences.push(...passed.fences)
  const ends = passed?.until === undefined ? {} : { until: passed.until }
  return { ...found, ...through, ...ends, readAt, fences, recipe, target, channel }
}

/** In the mode `proxy` the real credential is the business of the team's own backend, which is told for whom the call is. */
function forWhom(capability: CapabilityDoc, { user, userNames: names }: Principal): { readonly onBehalfOf?: OnBehalfOf } {
  if (capability.mode !== 'proxy') return {}
  return { onBehalfOf: { user, names, capability: capability.id, traceId: currentTraceId() ?? '' } }
}

async function permittedChild(
  vault: VaultContext,
  principal: Principal,
  { way, asked }: { readonly way: Way; readonly asked: Asked },
): Promise<Child & { access: Access }> {
  const { capability, claim } = way
  // The floors come after the rules: a stranger learns nothing of a row, not even that it is quarantined.
  const { child, isPast } = await vault.children.look(way.credentialId)
  if (claim !== undefined && (child === undefined || child.deleted !== undefined || child.access === undefined)) {
    throw connectRequired(claim.capability)
  }
  authorize(principal, child, { consumer: asked.consumer, reconnectUrl: vault.reconnectUrl })
  if (isPast) throw quarantined(child.id)
  const { gates = [] } = child.access
  if (capability === undefined && gates.length > 0) {
    throw new CodedError('CAPABILITY_REQUIRED', undefined, { credentialId: child.id, facts: { capability_ids: gates.join(' ') } })
  }
  return child
}

async function proxiedBy(
  vault: VaultContext,
  child: Child | undefined,
  capability: CapabilityDoc | undefined,
): Promise<{ recipe: Recipe; hosts: Hosts }> {
  const recipe = await vault.recipes.get(child?.recipe ?? capability?.recipe ?? '')
  return { recipe, hosts: boundHosts(recipe, child?.plain ?? {}).filled }
}

/** Permits, and has it on the disk before anything is decrypted. A refusal is recorded too. */
export async function admit(vault: VaultContext, principal: Principal, asked: Asked & { action: 'send' | 'check' }): Promise<Admitted> {
  const { action, method } = asked
  const consumer = asked.consumer === '' ? {} : { consumer: asked.consumer }
  const named = capabilityOf(asked)
  const through = named !== undefined && isId('cap', named) ? { capabilities: [named] } : {}
  const base = { ...auditBase(vault, principal), action, method, ...consumer, ...through }
  // A capability is no credential: where no credential was found, there is none in the record.
  const direct = isId('cap', asked.credentialId) ? '' : asked.credentialId
  try {
    const permit = await permitted(vault, principal, asked)
    const known = { ...base, credential: permit.child?.id ?? direct }
    await vault.audit.append({ ...known, phase: 'began' })
    return { ...permit, principal, base: known }
  } catch (error) {
    countDenial(vault.metrics, error)
    if (isCoded(error) && error.code !== 'AUDIT_UNAVAILABLE') {
      const credential = error.details.credentialId ?? direct
      await vault.audit.append({ ...base, credential, phase: 'denied', outcome: error.code })
    }
    throw error
  }
}

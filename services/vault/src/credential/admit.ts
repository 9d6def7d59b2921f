import { CodedError, isCoded } from '@credence/errors'
import type { Principal } from '@credence/rpc'
import type { AuditRecord } from '../audit/record.ts'
import type { OnBehalfOf } from '../signing/sign-on-behalf-of.ts'
import { authorize } from './authorize.ts'
import { boundHosts } from './binding.ts'
import type { Access, Child } from './child.ts'
import { quarantined } from './floors.ts'
import { countDenial } from './measure.ts'
import { type ReadAt, readAtNow } from './read-at.ts'
import { auditBase } from './record-change.ts'
import { targetOf } from './target.ts'
import type { VaultContext } from './vault-context.ts'

/** What is asked for. */
export interface Asked {
  readonly credentialId: string
  readonly method: string
  readonly path: string
  readonly consumer: string
}

/** A child that may be used for a call to `target`, by a fence whose read was sent at `readAt`. */
export interface Permitted {
  readonly child: Child & { access: Access }
  readonly target: URL
  readonly readAt: ReadAt
  /** The call goes to the team's own backend: the project signs it, and says for whom it is. */
  readonly onBehalfOf?: OnBehalfOf
}

/** What `Send` and `Check` share: who, which child, whether, and the record on the disk. */
export interface Admitted extends Permitted {
  readonly principal: Principal
  readonly base: Omit<AuditRecord, 'phase'>
}

/** They would make a tunnel, or have the request echoed with all that is in it (RFC 9110 §9.3.6, §9.3.8). */
const REFUSED_METHODS: readonly string[] = ['CONNECT', 'TRACE', 'TRACK']

/** One read and every rule. It is asked again when the fence moved before the secret was written. */
export async function permitted(vault: VaultContext, principal: Principal, asked: Asked): Promise<Permitted> {
  const readAt = readAtNow(vault.clock)
  // The floors come after the rules: a stranger learns nothing of a row, not even that it is quarantined.
  const { child, isPast } = await vault.children.look(asked.credentialId)
  authorize(principal, child, { consumer: asked.consumer, reconnectUrl: vault.reconnectUrl })
  if (isPast) throw quarantined(child.id)
  const recipe = await vault.recipes.get(child.recipe)
  if (!recipe.proxyEnabled) throw new CodedError('PROXY_DISABLED', undefined, { credentialId: child.id })
  if (REFUSED_METHODS.includes(asked.method.toUpperCase())) throw new CodedError('METHOD_REFUSED')
  return { child, readAt, target: targetOf(boundHosts(recipe, child.plain).filled, asked.path) }
}

/** Permits, and has it on the disk before anything is decrypted. A refusal is recorded too. */
export async function admit(vault: VaultContext, principal: Principal, asked: Asked & { action: 'send' | 'check' }): Promise<Admitted> {
  const { action, credentialId: credential, method } = asked
  const consumer = asked.consumer === '' ? {} : { consumer: asked.consumer }
  const base = { ...auditBase(vault, principal), action, credential, method, ...consumer }
  try {
    const permit = await permitted(vault, principal, asked)
    await vault.audit.append({ ...base, phase: 'began' })
    return { ...permit, principal, base }
  } catch (error) {
    countDenial(vault.metrics, error)
    if (isCoded(error) && error.code !== 'AUDIT_UNAVAILABLE') await vault.audit.append({ ...base, phase: 'denied', outcome: error.code })
    throw error
  }
}
